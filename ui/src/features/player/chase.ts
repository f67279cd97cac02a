// How close to the newest picture the live player stays, as numbers and pure decisions.
import { needsDepth } from './policy';

/** Distances are in seconds of media between the playing position and the newest sound and picture. */
export interface Limits {
  /** Buffered before it begins. */
  startS: number;
  /** Aimed at where nothing was ever late; also the first aim. */
  minTargetS: number;
  maxTargetS: number;
  /** Added to the aim after an underrun. */
  growS: number;
  /** Taken off the aim after every `calmMs` without one. */
  shrinkS: number;
  calmMs: number;
  /** Farther behind the aim than this, it jumps. */
  jumpOverS: number;
  /** Least time between two jumps. */
  jumpPauseMs: number;
  /** Catches up by playing a little faster, too. */
  rates: boolean;
  /** May be placed near the newest picture before it plays at all. */
  seekFirst: boolean;
}

export const LIMITS: Limits = {
  startS: 0.3,
  minTargetS: 0.3,
  maxTargetS: 1.2,
  growS: 0.15,
  shrinkS: 0.05,
  calmMs: 15_000,
  jumpOverS: 1,
  jumpPauseMs: 3000,
  rates: true,
  seekFirst: true,
};

/** WebKitGTK: a change of rate flushes its pipeline, as a seek does, and a seek before it plays may freeze it. */
export const WEBKIT_GTK_LIMITS: Limits = {
  ...LIMITS,
  startS: 0.6,
  minTargetS: 0.4,
  jumpOverS: 0.5,
  jumpPauseMs: 5000,
  rates: false,
  seekFirst: false,
};

export function limitsFor(userAgent: string): Limits {
  return needsDepth(userAgent) ? WEBKIT_GTK_LIMITS : LIMITS;
}

export type Range = readonly [startS: number, endS: number];

/** What is seen of the element, on its own time line. */
export interface View {
  nowMs: number;
  currentTimeS: number;
  /** Newest time all tracks have; null before there is any. */
  edgeS: number | null;
  /** Buffered ranges, in order. */
  ranges: readonly Range[];
  paused: boolean;
  seeking: boolean;
}

export interface Move {
  seekS?: number;
  rate?: number;
}

/** Gaps narrower than this are played over by browsers themselves. */
const GAP_S = 0.1;
/** A position this close to a range's end has nothing left to play. */
const DRY_S = 0.05;

/** The edge is looked at this far apart before the begin; grown by no more than this, seconds, it moves as time does. */
const SETTLE_MS = 80;
const SETTLED_S = 0.2;
/** A view that may not be placed before it plays is not moved sooner after its begin than this. */
const FIRST_JUMP_MS = 1500;

export class Chase {
  readonly limits: Limits;
  #targetS: number;
  #begun = false;
  #first: { atMs: number; edgeS: number } | null = null;
  #jumpedMs = -Infinity;
  #calmSinceMs = -Infinity;
  #behindS: number | null = null;
  #rate = 1;

  constructor(limits: Limits) {
    this.limits = limits;
    this.#targetS = limits.minTargetS;
  }

  get targetS(): number {
    return this.#targetS;
  }

  get begun(): boolean {
    return this.#begun;
  }

  /** The element ran dry. */
  underran(nowMs: number): void {
    // What it waits for before the begin, and after a jump, is no sign of a slow network.
    if (!this.#begun || nowMs - this.#jumpedMs < 1000) return;
    this.#targetS = Math.min(this.limits.maxTargetS, this.#targetS + this.limits.growS);
    this.#calmSinceMs = nowMs;
  }

  /** Where the live player should be inside `range`, for a jump. */
  liveS(edgeS: number, [startS, endS]: Range): number {
    // Not to its very start: rounding must not leave the position before it.
    return Math.max(startS + 0.01, Math.min(edgeS, endS) - this.#targetS);
  }

  look(view: View): Move {
    const { limits } = this;
    const { nowMs, currentTimeS, ranges } = view;
    const last = ranges.at(-1);
    if (view.edgeS === null || last === undefined) return {};
    // What has come is not yet what can be played: after a gap nothing can before a keyframe.
    const edgeS = Math.min(view.edgeS, last[1]);
    if (!this.#begun) return this.#begin(view, edgeS, last);

    // A gap between epochs, or one that what was skipped left: nothing ever comes to fill it. A seek into it never ends.
    const here = ranges.find(([start, end]) => currentTimeS >= start - GAP_S && currentTimeS < end - DRY_S);
    const beyond = ranges.find(([start]) => start > currentTimeS + DRY_S);
    if (!view.paused && here === undefined && beyond !== undefined) {
      // With nothing in hand it would run dry at once, and not every view can play slower to get some.
      if (edgeS - last[0] < this.#targetS) return {};
      return this.#jump(this.liveS(edgeS, last), nowMs);
    }
    if (view.paused || view.seeking) return {};
    this.#relax(nowMs);

    const behindS = edgeS - currentTimeS;
    this.#behindS = this.#behindS === null ? behindS : this.#behindS * 0.8 + behindS * 0.2;
    const lateS = this.#behindS - this.#targetS;
    if (lateS > limits.jumpOverS && nowMs - this.#jumpedMs >= limits.jumpPauseMs) {
      return this.#jump(this.liveS(edgeS, last), nowMs);
    }
    return limits.rates ? this.#pace(lateS) : {};
  }

  /** A new viewer is sent all since the newest keyframe in one go: where live is shows when that is in. */
  #begin({ nowMs, currentTimeS }: View, edgeS: number, last: Range): Move {
    this.#first ??= { atMs: nowMs, edgeS };
    if (nowMs - this.#first.atMs < SETTLE_MS || edgeS - last[0] < this.limits.startS) return {};
    const grownS = edgeS - this.#first.edgeS;
    if (grownS > SETTLED_S) {
      this.#first = { atMs: nowMs, edgeS };
      return {};
    }
    this.#begun = true;
    this.#calmSinceMs = nowMs;
    this.#jumpedMs = nowMs;
    const at = this.liveS(edgeS, last);
    if (this.limits.seekFirst) return at > currentTimeS + 0.1 ? this.#jump(at, nowMs) : {};
    this.#jumpedMs = nowMs - this.limits.jumpPauseMs + FIRST_JUMP_MS;
    return {};
  }

  /** Gently, with a middle in which nothing changes: changes are heard. */
  #pace(lateS: number): Move {
    let rate = this.#rate;
    if (lateS > 0.4) rate = 1.1;
    else if (lateS > 0.12) rate = 1.04;
    else if (lateS < -0.12) rate = 0.96;
    else if (Math.abs(lateS) < 0.04) rate = 1;
    if (rate === this.#rate) return {};
    this.#rate = rate;
    return { rate };
  }

  #relax(nowMs: number) {
    if (nowMs - this.#calmSinceMs < this.limits.calmMs) return;
    this.#calmSinceMs = nowMs;
    this.#targetS = Math.max(this.limits.minTargetS, this.#targetS - this.limits.shrinkS);
  }

  #jump(seekS: number, nowMs: number): Move {
    this.#jumpedMs = nowMs;
    this.#behindS = null;
    return { seekS };
  }
}
