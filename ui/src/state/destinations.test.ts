import { describe, expect, test } from 'vitest';
import { session } from '../host/fake-data';
import { destination, destinationMark } from '../host/fake-destinations';
import type { DestinationView } from '../host/generated';
import { airLine, factsOf, isPreview, isSending, lanesOf, lookOf, moved, stateChanges } from './destinations';

describe('a destination’s look', () => {
  test.each<[Partial<DestinationView>, boolean, ReturnType<typeof lookOf>]>([
    [{ state: 'disabled' }, true, { word: 'Off', tone: 'neutral', cable: 'off', canRetry: false }],
    [{ state: 'idle' }, false, { word: 'Standing by', tone: 'neutral', cable: 'off', canRetry: false }],
    [{ state: 'idle' }, true, { word: 'Standing by', tone: 'neutral', cable: 'waiting', canRetry: false }],
    [{ state: 'starting' }, true, { word: 'Connecting', tone: 'wait', cable: 'waiting', canRetry: false }],
    [{ state: 'broadcasting' }, true, { word: 'On air', tone: 'ok', cable: 'flowing', canRetry: false }],
    [{ state: 'stalled' }, true, { word: 'Takes nothing', tone: 'warn', cable: 'held', canRetry: false }],
    [{ state: 'interrupted' }, true, { word: 'Held', tone: 'warn', cable: 'held', canRetry: false }],
    [
      { state: 'retrying', retryAtMs: 14_000 },
      true,
      { word: 'Trying again in 4 s', tone: 'warn', cable: 'retrying', canRetry: true },
    ],
    [
      { state: 'retrying', retryAtMs: 9000 },
      true,
      { word: 'Trying again', tone: 'warn', cable: 'retrying', canRetry: true },
    ],
    [
      { state: 'errored', severity: 'fatal' },
      true,
      { word: 'Failed', tone: 'error', cable: 'failed', canRetry: true },
    ],
    [
      { state: 'errored', severity: 'normal' },
      true,
      { word: 'Ended', tone: 'error', cable: 'failed', canRetry: true },
    ],
    [
      { state: 'errored', severity: 'fatal' },
      false,
      { word: 'Failed', tone: 'error', cable: 'failed', canRetry: false },
    ],
  ])('%j, running: %s', (over, running, expected) => {
    expect(lookOf(destination(over), running, 10_000)).toEqual(expected);
  });
});

describe('facts', () => {
  const broadcasting = {
    state: 'broadcasting' as const,
    bitrateBps: 2_130_000,
    broadcastingSinceMs: 1000,
    rttMs: 23.4,
  };
  test('of a standing connection are its bitrate, its time, its round trip and what was left out', () => {
    expect(factsOf(destination({ ...broadcasting, droppedUnits: 14 }), 66_000)).toEqual([
      '2.1 Mb/s',
      '1:05',
      '23 ms',
      '14 dropped',
    ]);
  });
  test('that are not known are not said', () => {
    expect(factsOf(destination({ ...broadcasting, rttMs: null, broadcastingSinceMs: null }), 0)).toEqual([
      '2.1 Mb/s',
    ]);
    expect(factsOf(destination({ state: 'disabled', bitrateBps: 9 }), 0)).toEqual([]);
  });
  test('of one that is tried again count its failures', () => {
    expect(factsOf(destination({ state: 'retrying', failedAttempts: 1 }), 0)).toEqual(['1 failure']);
    expect(factsOf(destination({ state: 'retrying' }), 0)).toEqual([]);
  });
});

test('a preview plays here, has destinations, and none of them is on', () => {
  const active = session({ phase: 'live', state: 'active' });
  expect(isPreview(active, [destination()])).toBe(true);
  expect(isPreview(active, [])).toBe(false);
  expect(isPreview({ ...active, delivery: 'unmanaged' }, [destination()])).toBe(false);
  expect(isPreview(active, [destination(), destination({ id: 'b', enabled: true })])).toBe(false);
  expect(isPreview(session({ phase: 'awaiting_media', state: 'preparing' }), [destination()])).toBe(false);
});

test('the line of the air counts what is switched on', () => {
  expect(airLine([destination()])).toBeNull();
  expect(
    airLine([
      destination({ enabled: true, state: 'broadcasting' }),
      destination({ enabled: true, state: 'interrupted' }),
      destination({ enabled: true, state: 'retrying' }),
      destination(),
    ]),
  ).toBe('2 of 3 destinations on air');
  expect(airLine([destination({ enabled: true, state: 'starting' })])).toBe('0 of 1 destination on air');
});

test('something is ended only where something is being sent', () => {
  const sending = (state: DestinationView['state']) => isSending(destination({ state }));
  expect((['starting', 'broadcasting', 'stalled', 'interrupted', 'retrying'] as const).every(sending)).toBe(
    true,
  );
  expect((['disabled', 'idle', 'errored'] as const).some(sending)).toBe(false);
});

test.each([
  ['a', 1, ['b', 'a', 'c']],
  ['c', 0, ['c', 'a', 'b']],
  ['a', 99, ['b', 'c', 'a']],
  ['b', -1, ['b', 'a', 'c']],
  ['unknown', 0, ['a', 'b', 'c']],
])('moving %s to %i', (id, to, expected) => {
  expect(moved(['a', 'b', 'c'], id, to)).toEqual(expected);
});

test('only changes of destinations that were known are read out', () => {
  const before = [destination({ state: 'starting' })];
  const now = [
    destination({ state: 'broadcasting', bitrateBps: 5 }),
    destination({ id: 'new', name: 'New' }),
  ];
  expect(stateChanges(before, now)).toBe('YouTube: On air');
  expect(stateChanges(now, now)).toBe('');
});

test('trying and failing again and again is read out once', () => {
  const at = (state: DestinationView['state'], failedAttempts = 0) => [
    destination({ state, failedAttempts }),
  ];
  expect(stateChanges(at('starting'), at('retrying', 1))).toBe('YouTube: Trying again');
  expect(stateChanges(at('retrying', 1), at('starting', 1))).toBe('');
  expect(stateChanges(at('starting', 1), at('retrying', 2))).toBe('');
  expect(stateChanges(at('starting', 2), at('broadcasting'))).toBe('YouTube: On air');
});

describe('lanes', () => {
  const youtube = destination({ name: 'My channel' });
  const mark = (atMs: number, id: string, name: string, state: DestinationView['state']) =>
    destinationMark(atMs, { id, name }, state, '');
  test('come in the user’s order, the removed ones last, named as now or as last', () => {
    const lanes = lanesOf(
      [
        mark(1, 'gone', 'Old', 'starting'),
        mark(2, youtube.id, 'YouTube', 'starting'),
        mark(3, 'gone', 'Older', 'broadcasting'),
      ],
      [youtube],
    );
    expect(lanes.map(({ name, marks }) => [name, marks.map(({ atMs }) => atMs)])).toEqual([
      ['My channel', [2]],
      ['Older', [1, 3]],
    ]);
  });
  test('are left out for what was never switched on', () => {
    expect(lanesOf([mark(1, youtube.id, 'YouTube', 'idle')], [youtube, destination({ id: 'b' })])).toEqual(
      [],
    );
  });
});
