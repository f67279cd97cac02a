// The engine's clock as seen from here: a viewer's own clock may be wrong by hours.

export interface EngineClock {
  /** The engine's time now, Unix milliseconds; the viewer's own until the engine was asked. */
  nowMs(): number;
  /** True once the engine has said what time it is. */
  known(): boolean;
  /** Takes what the engine said in passing, unless it was asked properly. */
  hint(engineMs: number): void;
}

/** How far the engine's clock is ahead of ours, from an answer that took from `sentMs` to `receivedMs` by ours. */
export function aheadMs(engineMs: number, sentMs: number, receivedMs: number): number {
  return engineMs - (sentMs + receivedMs) / 2;
}

const clocks = new Map<string, EngineClock>();

/** The clock of the engine at `url`'s origin, asked once for each origin. */
export function clockOf(url: string): EngineClock {
  const { origin } = new URL(url, location.href);
  const found = clocks.get(origin);
  if (found !== undefined) return found;
  const made = measure(`${origin}/time`);
  clocks.set(origin, made);
  return made;
}

export function measure(url: string): EngineClock {
  let ahead: number | null = null;
  let hinted: number | null = null;
  const ask = async () => {
    const sentMs = performance.now();
    const response = await fetch(url, { cache: 'no-store' });
    // The time on the way, not the time to read the answer.
    const receivedMs = performance.now();
    const engineMs = Date.parse((await response.text()).trim());
    if (!response.ok || Number.isNaN(engineMs)) return;
    ahead = aheadMs(engineMs, performance.timeOrigin + sentMs, performance.timeOrigin + receivedMs);
  };
  // Without an answer the viewer's clock has to do.
  ask().catch(() => undefined);
  // Not `Date.now()`, which jumps when the viewer's clock is set.
  const ownMs = () => performance.timeOrigin + performance.now();
  return {
    nowMs: () => ownMs() + (ahead ?? hinted ?? Date.now() - ownMs()),
    known: () => ahead !== null || hinted !== null,
    hint: (engineMs) => (hinted = engineMs - ownMs()),
  };
}
