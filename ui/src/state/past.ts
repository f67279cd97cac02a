// How a stream of the history ended, as data. Pure.
import type { StreamSummary } from '../host/generated';
import type { ToneName } from '../shared/words';
import { OUTCOME_WORDS } from '../shared/words';

export interface Outcome {
  word: string;
  tone: ToneName;
}

export function outcome(line: StreamSummary): Outcome {
  if (line.endedAtMs === null) return { word: OUTCOME_WORDS.running, tone: 'live' };
  if (line.failed) {
    return line.liveSinceMs === null
      ? { word: OUTCOME_WORDS.neverLive, tone: 'error' }
      : { word: OUTCOME_WORDS.cutShort, tone: 'warn' };
  }
  return { word: OUTCOME_WORDS.complete, tone: 'ok' };
}

/** From the first playable picture, or from the start if there was none, to the end or to now. */
export function durationMs(line: StreamSummary, nowMs: number): number {
  return Math.max(0, (line.endedAtMs ?? nowMs) - (line.liveSinceMs ?? line.startedAtMs));
}
