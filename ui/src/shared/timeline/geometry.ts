// Where everything of a time axis lies. Pure: times in, fractions of the width and height out.
import type { DestinationStateName, GLASSES_MARK_WORDS, PhaseName } from '../words';

export interface TimelineSample {
  atMs: number;
  bitrateBps: number;
  fps: number;
  viewers: number;
}

export interface TimelineMark {
  atMs: number;
  phase: PhaseName;
  text: string;
}

export interface Point {
  /** 0 = left edge, 1 = right edge. */
  x: number;
  /** 0 = bottom, 1 = top. */
  y: number;
}

/** The states of one destination during a stream. */
export interface TimelineLane {
  id: string;
  name: string;
  marks: readonly { atMs: number; state: DestinationStateName; text: string }[];
}

/** Something the glasses went through. */
export interface TimelineGlassesMark {
  atMs: number;
  kind: keyof typeof GLASSES_MARK_WORDS;
  batteryPercent: number | null;
  bad: boolean;
  text: string;
}

/** A stretch of a lane during which one thing was so. */
export interface Segment<S extends string> {
  is: S;
  fromMs: number;
  toMs: number;
  x0: number;
  x1: number;
}

export interface Tick {
  x: number;
  /** Distance from the start of the axis' origin, milliseconds. */
  sinceMs: number;
}

/** The shown window, Unix milliseconds. */
export interface Range {
  fromMs: number;
  toMs: number;
}

const fraction = (at: number, { fromMs, toMs }: Range) => (at - fromMs) / (toMs - fromMs);
const clamp = (value: number) => Math.min(1, Math.max(0, value));

/**
 * The window of a running stream: from its start to now, at least `leastMs` and at most `mostMs` long.
 * A young stream fills the axis from the left.
 */
export function liveRange(startMs: number, nowMs: number, leastMs = 120_000, mostMs = 600_000): Range {
  const fromMs = Math.max(startMs, nowMs - mostMs);
  return { fromMs, toMs: Math.max(nowMs, fromMs + leastMs) };
}

/** The smallest of 1, 2, 2.5, 5 x 10^n that is not below `value`: a readable top of a scale. */
export function niceTop(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  for (const step of [1, 2, 2.5, 5, 10]) {
    if (step * power >= value) return step * power;
  }
  return 10 * power;
}

/**
 * Runs of samples without a hole between them. Samples come once a second, or thinned after the end, so a hole is
 * what is clearly wider than the usual distance.
 */
export function runs(samples: readonly TimelineSample[]): TimelineSample[][] {
  const distances = samples.slice(1).map((sample, index) => sample.atMs - (samples[index]?.atMs ?? 0));
  const usual = [...distances].sort((a, b) => a - b)[Math.floor(distances.length / 2)] ?? 1000;
  const hole = Math.max(2500, usual * 3);
  const out: TimelineSample[][] = [];
  for (const sample of samples) {
    const run = out.at(-1);
    const before = run?.at(-1);
    if (run !== undefined && before !== undefined && sample.atMs - before.atMs <= hole) run.push(sample);
    else out.push([sample]);
  }
  return out;
}

/** Lines of one measure, one for each run inside the window. */
export function lines(
  samples: readonly TimelineSample[],
  range: Range,
  top: number,
  measure: (sample: TimelineSample) => number,
): Point[][] {
  const inside = samples.filter((sample) => sample.atMs >= range.fromMs && sample.atMs <= range.toMs);
  return runs(inside).map((run) =>
    run.map((sample) => ({ x: clamp(fraction(sample.atMs, range)), y: clamp(measure(sample) / top) })),
  );
}

/** Glasses had something to say between the two times; a lane for them is worth its room. */
export function hasGlasses(marks: readonly TimelineGlassesMark[], fromMs: number, toMs: number): boolean {
  return marks.some((mark) => mark.atMs >= fromMs && mark.atMs <= toMs);
}

/** Those worth a mark of their own: of the battery, which has a line, only where it became low. */
export function telling(marks: readonly TimelineGlassesMark[]): TimelineGlassesMark[] {
  let low = false;
  return marks.filter((mark) => {
    if (mark.kind !== 'battery') return true;
    const became = mark.bad && !low;
    low = mark.bad;
    return became;
  });
}

/** The battery as steps: each level holds until the next is told, the last to `endMs`. */
export function batterySteps(marks: readonly TimelineGlassesMark[], range: Range, endMs: number): Point[] {
  const told = marks.filter((mark) => mark.batteryPercent !== null && mark.atMs < endMs);
  const out: Point[] = [];
  told.forEach((mark, index) => {
    const untilMs = Math.min(told[index + 1]?.atMs ?? endMs, endMs);
    if (untilMs <= range.fromMs || mark.atMs >= range.toMs) return;
    const y = clamp((mark.batteryPercent ?? 0) / 100);
    out.push({ x: clamp(fraction(mark.atMs, range)), y }, { x: clamp(fraction(untilMs, range)), y });
  });
  return out;
}

/** A lane: from each mark to the next, the last one to `endMs`; nothing before the first. */
export function segments<S extends string>(
  marks: readonly { atMs: number; is: S }[],
  range: Range,
  endMs: number,
): Segment<S>[] {
  const out: Segment<S>[] = [];
  marks.forEach(({ atMs: fromMs, is }, index) => {
    const toMs = Math.min(marks[index + 1]?.atMs ?? endMs, endMs);
    const last = out.at(-1);
    // Several marks of one state are one piece of lane.
    if (last !== undefined && last.is === is && last.toMs === fromMs) {
      last.toMs = toMs;
      last.x1 = clamp(fraction(toMs, range));
      return;
    }
    if (toMs <= range.fromMs || toMs <= fromMs || fromMs >= range.toMs) return;
    out.push({
      is,
      fromMs,
      toMs,
      x0: clamp(fraction(fromMs, range)),
      x1: clamp(fraction(toMs, range)),
    });
  });
  return out;
}

export function markX(mark: { atMs: number }, range: Range): number | null {
  const x = fraction(mark.atMs, range);
  return x < 0 || x > 1 ? null : x;
}

const TICK_STEPS_S = [10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800];

/** Ticks at round distances from `originMs`, at most `most` of them. */
export function ticks(range: Range, originMs: number, most = 8): Tick[] {
  const length = range.toMs - range.fromMs;
  const stepMs = 1000 * (TICK_STEPS_S.find((step) => length / (step * 1000) <= most) ?? 86_400);
  const out: Tick[] = [];
  const first = Math.ceil((range.fromMs - originMs) / stepMs) * stepMs;
  for (let since = first; originMs + since <= range.toMs; since += stepMs) {
    out.push({ x: fraction(originMs + since, range), sinceMs: since });
  }
  return out;
}

/** The sample nearest to a place on the axis; null where none is near. */
export function sampleAt(samples: readonly TimelineSample[], range: Range, x: number): TimelineSample | null {
  const at = range.fromMs + x * (range.toMs - range.fromMs);
  const near = Math.max(2500, (range.toMs - range.fromMs) / 100);
  let best: TimelineSample | null = null;
  for (const sample of samples) {
    const distance = Math.abs(sample.atMs - at);
    if (distance <= near && (best === null || distance < Math.abs(best.atMs - at))) best = sample;
  }
  return best;
}

/** SVG path through points in a box of the given size. */
export function pathOf(points: readonly Point[], width: number, height: number): string {
  return points
    .map((point, index) => {
      const x = (point.x * width).toFixed(1);
      const y = ((1 - point.y) * height).toFixed(1);
      return `${index === 0 ? 'M' : 'L'}${x} ${y}`;
    })
    .join('');
}

/** The same path closed along the bottom. */
export function areaOf(points: readonly Point[], width: number, height: number): string {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) return '';
  const edge = (point: Point) => `${(point.x * width).toFixed(1)} ${height}`;
  return `${pathOf(points, width, height)}L${edge(last)}L${edge(first)}Z`;
}
