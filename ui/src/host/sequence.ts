// Events are numbered without gaps. Whoever sees one missing must ask for a snapshot.
import type { Event, Snapshot } from './generated';
import type { Listener } from './host';

/** Passes snapshots and events on and calls `heal` once for every gap it sees. */
export function watchSequence(
  listener: Pick<Listener, 'onSnapshot' | 'onEvent'>,
  heal: () => void,
): Pick<Listener, 'onSnapshot' | 'onEvent'> {
  let known: number | null = null;
  let healing = false;
  return {
    onSnapshot(snapshot: Snapshot) {
      known = snapshot.seq;
      healing = false;
      listener.onSnapshot(snapshot);
    },
    onEvent(event: Event) {
      // Before the first snapshot an event has nothing to change, and an old one is already contained.
      if (known === null || event.seq <= known) return;
      const gap = event.seq > known + 1;
      known = event.seq;
      listener.onEvent(event);
      if (gap && !healing) {
        healing = true;
        heal();
      }
    },
  };
}
