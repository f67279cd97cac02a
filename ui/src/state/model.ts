// What the screens know of the console: the last snapshot with every later event folded in. Pure.
import type { Event, Snapshot } from '../host/generated';
import type { Connection } from '../host/host';

/** Ten minutes at one a second; older ones leave at the front. */
export const MAX_SAMPLES = 600;
/** State changes of destinations kept for the time axis; older ones leave at the front. */
export const MAX_DESTINATION_MARKS = 5000;

/** As many marks of the glasses as a snapshot holds; older ones leave at the front. */
export const MAX_GLASSES_MARKS = 500;

export interface Model {
  /** Null until the first one arrived. */
  snapshot: Snapshot | null;
  connection: Connection;
  /** Grows with every change of the list of past streams. */
  historyVersion: number;
}

export const EMPTY: Model = { snapshot: null, connection: { is: 'connecting' }, historyVersion: 0 };

/** A snapshot replaces everything, also one with a smaller `seq`: then the console was restarted. */
export function withSnapshot(model: Model, snapshot: Snapshot): Model {
  return { ...model, snapshot, historyVersion: model.historyVersion + 1 };
}

export function withConnection(model: Model, connection: Connection): Model {
  return { ...model, connection };
}

/** Slices replace, samples and marks append, a new stream empties them, old events change nothing. */
export function withEvent(model: Model, event: Event): Model {
  const known = model.snapshot;
  if (known === null || event.seq <= known.seq) return model;
  const next = { ...known, seq: event.seq };
  switch (event.kind) {
    case 'session':
      next.session = event.session;
      if (event.session.streamId !== known.session.streamId) {
        next.samples = [];
        next.marks = [];
        next.destinationMarks = [];
      }
      break;
    case 'ingest':
      next.ingest = event.ingest;
      break;
    case 'signal':
      next.signal = event.signal;
      break;
    case 'sample':
      next.samples = [...known.samples, event.sample].slice(-MAX_SAMPLES);
      break;
    case 'mark':
      next.marks = [...known.marks, event.mark];
      break;
    case 'destinations':
      next.destinations = event.destinations;
      next.keyPlace = event.keyPlace;
      break;
    case 'destination_mark':
      next.destinationMarks = [...known.destinationMarks, event.mark].slice(-MAX_DESTINATION_MARKS);
      break;
    case 'hub':
      next.hub = event.hub;
      break;
    case 'apps':
      next.apps = event.apps;
      break;
    case 'cloud':
      next.cloud = event.cloud;
      break;
    case 'glasses_mark':
      next.glassesMarks = [...known.glassesMarks, event.mark].slice(-MAX_GLASSES_MARKS);
      break;
    case 'settings':
      next.settings = event.settings;
      break;
    case 'history':
      return { ...model, snapshot: next, historyVersion: model.historyVersion + 1 };
    default:
      // A kind this page does not know yet; its number still counts.
      event satisfies never;
  }
  return { ...model, snapshot: next };
}
