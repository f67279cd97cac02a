// What cards, cables and lanes say of destinations, as data. Pure.
import type { DestinationMark, DestinationView, SessionView } from '../host/generated';
import { bitrate, clock, count, secondsLeft } from '../shared/format';
import type { TimelineLane } from '../shared/timeline/geometry';
import { DESTINATION_TONES, DESTINATION_WORDS, type CableState, type ToneName } from '../shared/words';

/** As on the rest of the signal path, and one more: nothing flows, and the next try is near. */
export type DestinationCable = CableState | 'retrying';

export interface DestinationLook {
  word: string;
  tone: ToneName;
  cable: DestinationCable;
  /** `Try now` would do something. */
  canRetry: boolean;
}

export function lookOf(destination: DestinationView, running: boolean, nowMs: number): DestinationLook {
  const { state } = destination;
  return {
    word: wordOf(destination, nowMs),
    tone: DESTINATION_TONES[state],
    cable: cableOf(destination, running),
    canRetry: state === 'retrying' || (state === 'errored' && running),
  };
}

function wordOf(destination: DestinationView, nowMs: number): string {
  if (destination.state === 'retrying' && destination.retryAtMs !== null) {
    const left = secondsLeft(destination.retryAtMs, nowMs);
    return left > 0 ? `Trying again in ${left} s` : 'Trying again';
  }
  if (destination.state === 'errored' && destination.severity === 'normal') return 'Ended';
  return DESTINATION_WORDS[destination.state];
}

function cableOf({ state }: DestinationView, running: boolean): DestinationCable {
  switch (state) {
    case 'disabled':
      return 'off';
    case 'idle':
      return running ? 'waiting' : 'off';
    case 'starting':
      return 'waiting';
    case 'broadcasting':
      return 'flowing';
    case 'stalled':
    case 'interrupted':
      return 'held';
    case 'retrying':
      return 'retrying';
    case 'errored':
      return 'failed';
  }
}

/** Measured facts of a connection that stands, each a few words; none for another. */
export function factsOf(destination: DestinationView, nowMs: number): string[] {
  const { state, broadcastingSinceMs, bitrateBps, droppedUnits, rttMs, failedAttempts } = destination;
  if (state === 'retrying') return failedAttempts > 0 ? [count(failedAttempts, 'failure', 'failures')] : [];
  if (state !== 'broadcasting' && state !== 'stalled' && state !== 'interrupted') return [];
  return [
    bitrate(bitrateBps),
    ...(broadcastingSinceMs === null ? [] : [clock(nowMs - broadcastingSinceMs)]),
    ...(rttMs === null ? [] : [`${Math.round(rttMs)} ms`]),
    ...(droppedUnits === 0 ? [] : [`${droppedUnits} dropped`]),
  ];
}

/** True while the far side has the stream or is about to, so that taking it away ends something. */
export function isSending({ state }: DestinationView): boolean {
  return state !== 'disabled' && state !== 'idle' && state !== 'errored';
}

/** The stream plays here, there are destinations, and none is switched on. */
export function isPreview(session: SessionView, destinations: readonly DestinationView[]): boolean {
  if (session.state !== 'active' || session.delivery !== 'managed') return false;
  return destinations.length > 0 && !destinations.some((one) => one.enabled);
}

/** `2 of 3 destinations on air`; null while none is switched on. */
export function airLine(destinations: readonly DestinationView[]): string | null {
  const on = destinations.filter((one) => one.enabled);
  if (on.length === 0) return null;
  const onAir = on.filter((one) => one.state === 'broadcasting' || one.state === 'interrupted').length;
  return `${onAir} of ${count(on.length, 'destination', 'destinations')} on air`;
}

/** Ids with one of them moved to another place. */
export function moved(ids: readonly string[], id: string, to: number): string[] {
  const rest = ids.filter((one) => one !== id);
  if (rest.length === ids.length) return [...ids];
  const at = Math.min(rest.length, Math.max(0, to));
  return [...rest.slice(0, at), id, ...rest.slice(at)];
}

/**
 * What to read out when destinations changed state: their names with their new words. The round of trying and failing
 * again is said once, not each time.
 */
export function stateChanges(before: readonly DestinationView[], now: readonly DestinationView[]): string {
  const known = new Map(before.map((one) => [one.id, one.state]));
  return now
    .filter(({ id, state, failedAttempts }) => {
      const was = known.get(id);
      const sameRound =
        (was === 'retrying' && state === 'starting') ||
        (was === 'starting' && state === 'retrying' && failedAttempts > 1);
      return was !== undefined && was !== state && !sameRound;
    })
    .map((one) => `${one.name}: ${DESTINATION_WORDS[one.state]}`)
    .join('. ');
}

/**
 * One lane for each destination that was switched on during a stream: the present ones in the user's order, then
 * those removed since. A destination is called what it is called now, else what it was called last.
 */
export function lanesOf(
  marks: readonly DestinationMark[],
  destinations: readonly DestinationView[],
): TimelineLane[] {
  const lanes = new Map<string, TimelineLane>();
  for (const { id, name } of destinations) lanes.set(id, { id, name, marks: [] });
  for (const { destinationId: id, name, atMs, state, text } of marks) {
    const lane = lanes.get(id) ?? { id, name, marks: [] };
    const present = destinations.some((one) => one.id === id);
    lanes.set(id, {
      ...lane,
      name: present ? lane.name : name,
      marks: [...lane.marks, { atMs, state, text }],
    });
  }
  return [...lanes.values()].filter((lane) =>
    lane.marks.some((mark) => mark.state !== 'disabled' && mark.state !== 'idle'),
  );
}
