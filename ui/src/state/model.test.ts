import { describe, expect, test } from 'vitest';
import { ingest, mark, sampleAt, session, SETTINGS, signal, snapshot } from '../host/fake-data';
import { app } from '../host/fake-apps';
import { destination, destinationMark } from '../host/fake-destinations';
import { glassesMark, hub } from '../host/fake-glasses';
import type { Event } from '../host/generated';
import {
  EMPTY,
  MAX_DESTINATION_MARKS,
  MAX_GLASSES_MARKS,
  MAX_SAMPLES,
  withConnection,
  withEvent,
  withSnapshot,
  type Model,
} from './model';

const at = (seq: number, over = {}): Model => withSnapshot(EMPTY, snapshot({ seq, ...over }));
const fold = (model: Model, ...events: Event[]) => events.reduce(withEvent, model);

describe('events', () => {
  test('change nothing before the first snapshot', () => {
    expect(withEvent(EMPTY, { seq: 1, kind: 'history' })).toBe(EMPTY);
  });

  test.each([4, 5])('with seq %i are already contained in a snapshot with seq 5', (seq) => {
    const model = at(5);
    expect(withEvent(model, { seq, kind: 'signal', signal: signal() })).toBe(model);
  });

  test('replace the slice they name and carry their number on', () => {
    const next = fold(
      at(5),
      { seq: 6, kind: 'session', session: session({ phase: 'live', viewers: 3 }) },
      { seq: 7, kind: 'ingest', ingest: ingest({ heldOff: true }) },
      { seq: 8, kind: 'signal', signal: signal({ fps: 15 }) },
      { seq: 9, kind: 'settings', settings: { chosen: SETTINGS, restartNeeded: true } },
    ).snapshot;
    expect(next?.seq).toBe(9);
    expect(next?.session.viewers).toBe(3);
    expect(next?.ingest.heldOff).toBe(true);
    expect(next?.signal?.fps).toBe(15);
    expect(next?.settings.restartNeeded).toBe(true);
  });

  test('of destinations replace them and append what happened to them', () => {
    const youtube = destination({ state: 'broadcasting' });
    const first = destinationMark(10, youtube, 'starting', 'Connecting.');
    const next = fold(
      at(1, { destinationMarks: [first] }),
      { seq: 2, kind: 'destinations', destinations: [youtube], keyPlace: 'file' },
      {
        seq: 3,
        kind: 'destination_mark',
        mark: destinationMark(20, youtube, 'broadcasting', 'It takes the stream.'),
      },
    ).snapshot;
    expect(next?.destinations).toEqual([youtube]);
    expect(next?.keyPlace).toBe('file');
    expect(next?.destinationMarks.map((one) => one.atMs)).toEqual([10, 20]);
  });

  test('of destinations are kept up to a bound, the newest ones', () => {
    const mark = (atMs: number) => destinationMark(atMs, destination(), 'retrying', '');
    const full = at(1, {
      destinationMarks: Array.from({ length: MAX_DESTINATION_MARKS }, (_, n) => mark(n)),
    });
    const marks = withEvent(full, { seq: 2, kind: 'destination_mark', mark: mark(-1) }).snapshot
      ?.destinationMarks;
    expect(marks).toHaveLength(MAX_DESTINATION_MARKS);
    expect([marks?.[0]?.atMs, marks?.at(-1)?.atMs]).toEqual([1, -1]);
  });

  test('of the hub, its apps and the glasses replace and append', () => {
    const first = glassesMark(10, 'link', 'The glasses are connected.');
    const next = fold(
      at(1, { glassesMarks: [first] }),
      { seq: 2, kind: 'hub', hub: hub({ lanUrls: ['http://192.168.1.2:8002'] }) },
      { seq: 3, kind: 'apps', apps: [app({ state: 'connected' })] },
      { seq: 4, kind: 'glasses_mark', mark: glassesMark(20, 'wifi', 'The glasses have no Wi-Fi.') },
    ).snapshot;
    expect(next?.hub.lanUrls).toEqual(['http://192.168.1.2:8002']);
    expect(next?.apps.map((one) => one.state)).toEqual(['connected']);
    expect(next?.glassesMarks.map((one) => one.atMs)).toEqual([10, 20]);
  });

  test('of the glasses are kept up to a bound, and a new stream does not empty them', () => {
    const full = at(1, {
      glassesMarks: Array.from({ length: MAX_GLASSES_MARKS }, (_, n) => glassesMark(n, 'camera', '')),
    });
    const next = fold(
      full,
      { seq: 2, kind: 'glasses_mark', mark: glassesMark(-1, 'camera', '') },
      { seq: 3, kind: 'session', session: session({ streamId: 'new' }) },
    ).snapshot?.glassesMarks;
    expect(next).toHaveLength(MAX_GLASSES_MARKS);
    expect([next?.[0]?.atMs, next?.at(-1)?.atMs]).toEqual([1, -1]);
  });

  test('null takes the signal away', () => {
    expect(
      fold(at(1, { signal: signal() }), { seq: 2, kind: 'signal', signal: null }).snapshot?.signal,
    ).toBeNull();
  });

  test('append marks and samples', () => {
    const next = fold(
      at(1),
      { seq: 2, kind: 'mark', mark: mark(10, 'live', 'Playable.') },
      { seq: 3, kind: 'sample', sample: sampleAt(20, 0) },
      { seq: 4, kind: 'sample', sample: sampleAt(21, 1) },
    ).snapshot;
    expect(next?.marks.map((one) => one.atMs)).toEqual([10]);
    expect(next?.samples.map((one) => one.atMs)).toEqual([20, 21]);
  });

  test('keep the newest ten minutes of samples', () => {
    let model = at(0);
    for (let seq = 1; seq <= MAX_SAMPLES + 5; seq += 1) {
      model = withEvent(model, { seq, kind: 'sample', sample: sampleAt(seq, seq) });
    }
    expect(model.snapshot?.samples).toHaveLength(MAX_SAMPLES);
    expect(model.snapshot?.samples[0]?.atMs).toBe(6);
    expect(model.snapshot?.samples.at(-1)?.atMs).toBe(MAX_SAMPLES + 5);
  });

  test('of a new stream empty marks and samples, of the same stream they do not', () => {
    const model = at(1, {
      session: session({ streamId: 'a' }),
      samples: [sampleAt(1, 1)],
      marks: [mark(1, 'live', '')],
      destinationMarks: [destinationMark(1, destination(), 'starting', '')],
    });
    const same = withEvent(model, {
      seq: 2,
      kind: 'session',
      session: session({ streamId: 'a', viewers: 1 }),
    });
    expect(same.snapshot?.samples).toHaveLength(1);
    expect(same.snapshot?.marks).toHaveLength(1);
    const fresh = withEvent(same, { seq: 3, kind: 'session', session: session({ streamId: 'b' }) });
    expect(fresh.snapshot?.samples).toEqual([]);
    expect(fresh.snapshot?.marks).toEqual([]);
    expect(same.snapshot?.destinationMarks).toHaveLength(1);
    expect(fresh.snapshot?.destinationMarks).toEqual([]);
  });

  test('of the history raise its version and leave the slices alone', () => {
    const model = at(1);
    const next = withEvent(model, { seq: 2, kind: 'history' });
    expect(next.historyVersion).toBe(model.historyVersion + 1);
    expect(next.snapshot?.seq).toBe(2);
  });

  test('of a kind this page does not know count and change nothing else', () => {
    const model = at(1);
    const next = withEvent(model, { seq: 2, kind: 'weather' } as unknown as Event);
    expect(next.snapshot).toEqual({ ...model.snapshot, seq: 2 });
  });
});

test('a snapshot replaces everything, also one with a smaller number', () => {
  const next = withSnapshot(at(100, { samples: [sampleAt(1, 1)] }), snapshot({ seq: 3 }));
  expect(next.snapshot?.seq).toBe(3);
  expect(next.snapshot?.samples).toEqual([]);
});

test('losing the connection keeps what is known', () => {
  const next = withConnection(at(3), { is: 'lost', retryAtMs: 9 });
  expect(next.snapshot?.seq).toBe(3);
  expect(next.connection).toEqual({ is: 'lost', retryAtMs: 9 });
});
