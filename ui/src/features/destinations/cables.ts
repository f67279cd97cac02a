// The lines of the cables from the program to the cards. Pure.

export interface Spot {
  x: number;
  y: number;
  /** Direction of the line there, in degrees. */
  turn: number;
}

/** A line of which parts can be drawn. */
export interface Line {
  at(share: number): Spot;
  /** SVG path of the part from one share of its length to another. */
  path(from: number, to: number): string;
}

/** Cards further below the program than this hang on a trunk: long curves would be a tangle. Pixels. */
export const TRUNK_FROM = 320;

const STEPS = 16;
const n = (value: number) => value.toFixed(1);

function line(at: (share: number) => Spot): Line {
  return {
    at,
    path: (from, to) =>
      Array.from({ length: STEPS + 1 }, (_, step) => at(from + ((to - from) * step) / STEPS))
        .map((spot, step) => `${step === 0 ? 'M' : 'L'}${n(spot.x)} ${n(spot.y)}`)
        .join(''),
  };
}

/** From the program's plug at the left to a card's at the right. */
export function curve(width: number, fromY: number, toY: number): Line {
  return line((t) => {
    const u = 1 - t;
    const dx = 3 * width * (0.55 * u * u - 0.2 * u * t + 0.55 * t * t);
    const dy = 6 * u * t * (toY - fromY);
    return {
      x: width * (1.65 * u * u * t + 1.35 * u * t * t + t * t * t),
      y: fromY * (u * u * u + 3 * u * u * t) + toY * (3 * u * t * t + t * t * t),
      turn: (Math.atan2(dy, dx) * 180) / Math.PI,
    };
  });
}

/** Straight from the trunk to a card. */
export function branch(fromX: number, toX: number, y: number): Line {
  return line((t) => ({ x: fromX + (toX - fromX) * t, y, turn: 0 }));
}

/** From the program's plug to the trunk, and along it from the first card to the last. */
export function trunk(x: number, fromY: number, firstY: number, lastY: number): string {
  return `M0 ${n(fromY)}H${n(x)}M${n(x)} ${n(Math.min(firstY, fromY))}V${n(Math.max(lastY, fromY))}`;
}
