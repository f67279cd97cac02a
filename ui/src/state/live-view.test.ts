import { describe, expect, test } from 'vitest';
import { ingest, session, urls } from '../host/fake-data';
import type { IngestView, SessionView } from '../host/generated';
import { isRunning, isUntouched, liveView } from './live-view';

const publisher = { address: '127.0.0.1:5', encoder: 'obs-output module (libobs/31.0.0)', sinceMs: 0 };

type Row = [
  name: string,
  session: Partial<SessionView>,
  ingest: Partial<IngestView>,
  expected: { chip: string; action: string; does: string; stage: string; source: string },
];

const ROWS: Row[] = [
  ['idle', {}, {}, { chip: 'Ready', action: 'Start', does: 'start', stage: 'ready', source: 'off' }],
  [
    'demo camera asked',
    { phase: 'awaiting_camera', state: 'initializing', cameraLink: 'demo' },
    {},
    {
      chip: 'Starting the camera',
      action: 'Stop',
      does: 'stop',
      stage: 'waiting',
      source: 'waiting',
    },
  ],
  [
    'glasses asked',
    { phase: 'awaiting_camera', state: 'initializing', cameraLink: 'hub' },
    {},
    {
      chip: 'Starting the glasses',
      action: 'Stop',
      does: 'stop',
      stage: 'waiting',
      source: 'waiting',
    },
  ],
  ...(
    [
      ['awaiting_camera', 'initializing', 'Starting the glasses'],
      ['awaiting_media', 'preparing', 'Connecting'],
      ['live', 'active', 'Live'],
      ['interrupted', 'active', 'Interrupted'],
    ] as const
  ).map(([phase, state, chip]): Row => [
    `unmanaged, ${phase}`,
    { phase, state, cameraLink: 'hub', delivery: 'unmanaged' },
    {},
    { chip, action: 'Stop', does: 'stop', stage: 'unmanaged', source: 'off' },
  ]),
  [
    'unmanaged, stopping',
    { phase: 'stopping', state: 'stopping', cameraLink: 'hub', delivery: 'unmanaged' },
    {},
    { chip: 'Stopping', action: 'Stopping', does: 'nothing', stage: 'stopping', source: 'off' },
  ],
  [
    'encoder awaited',
    { phase: 'awaiting_camera', state: 'initializing', cameraLink: 'manual' },
    {},
    {
      chip: 'Waiting for the encoder',
      action: 'Stop',
      does: 'stop',
      stage: 'connect',
      source: 'waiting',
    },
  ],
  [
    'encoder awaited in the media phase',
    { phase: 'awaiting_media', state: 'preparing', cameraLink: 'manual' },
    {},
    {
      chip: 'Waiting for the encoder',
      action: 'Stop',
      does: 'stop',
      stage: 'connect',
      source: 'waiting',
    },
  ],
  [
    'encoder connected, nothing playable',
    { phase: 'awaiting_media', state: 'preparing', cameraLink: 'manual' },
    { publisher },
    { chip: 'Preparing', action: 'Stop', does: 'stop', stage: 'waiting', source: 'flowing' },
  ],
  [
    'live',
    { phase: 'live', state: 'active', cameraLink: 'manual', urls: urls() },
    { publisher },
    { chip: 'Live', action: 'Stop', does: 'stop', stage: 'player', source: 'flowing' },
  ],
  [
    'interrupted',
    { phase: 'interrupted', state: 'active', cameraLink: 'manual', urls: urls() },
    {},
    { chip: 'Interrupted', action: 'Stop', does: 'stop', stage: 'player', source: 'held' },
  ],
  [
    'stopping',
    { phase: 'stopping', state: 'stopping', cameraLink: 'demo' },
    {},
    { chip: 'Stopping', action: 'Stopping', does: 'nothing', stage: 'stopping', source: 'off' },
  ],
  [
    'ended',
    { phase: 'ended', state: 'stopped', cameraLink: 'demo' },
    {},
    { chip: 'Ended', action: 'Start', does: 'start', stage: 'ended', source: 'off' },
  ],
  [
    'ended while an encoder keeps trying',
    { phase: 'ended', state: 'stopped', cameraLink: 'manual' },
    { heldOff: true },
    { chip: 'Ended', action: 'Start', does: 'start', stage: 'ended', source: 'held' },
  ],
  [
    'failed',
    { phase: 'ended', state: 'error', cameraLink: 'manual' },
    {},
    { chip: 'Failed', action: 'Try again', does: 'start', stage: 'failed', source: 'failed' },
  ],
];

test.each(ROWS)('%s', (_name, sessionOver, ingestOver, expected) => {
  const view = liveView(session(sessionOver), ingest(ingestOver), 'demo', 0);
  expect({
    chip: view.chip.word,
    action: view.action.word,
    does: view.action.does,
    stage: view.stage,
    source: view.sourceCable,
  }).toEqual(expected);
});

describe('addresses', () => {
  test('are handed out only while the status is active', () => {
    const playable = (over: Partial<SessionView>) => liveView(session(over), ingest(), 'demo', 0).playable;
    expect(playable({ phase: 'live', state: 'active', urls: urls() })).toBe(true);
    expect(playable({ phase: 'stopping', state: 'stopping', urls: urls() })).toBe(false);
    expect(playable({ phase: 'live', state: 'active', urls: null })).toBe(false);
  });

  test('that are missing say why', () => {
    const why = (over: Partial<SessionView>) => liveView(session(over), ingest(), 'demo', 0).noUrls;
    expect(why({ phase: 'awaiting_media' })).toBe('Not yet: waiting for video');
    expect(why({ phase: 'ended' })).toBe('After the start');
    expect(why({ phase: 'stopping' })).toBe('Being closed');
  });
});

describe('elapsed time', () => {
  const elapsed = (over: Partial<SessionView>, nowMs: number) =>
    liveView(session(over), ingest(), 'demo', nowMs).elapsedMs;

  test.each([
    ['none while idle', { phase: 'idle' as const }, null],
    ['since the start while waiting', { phase: 'awaiting_media' as const, startedAtMs: 4000 }, 6000],
    ['since playable while live', { phase: 'live' as const, startedAtMs: 4000, liveSinceMs: 7000 }, 3000],
    [
      'up to the end',
      { phase: 'ended' as const, startedAtMs: 1000, liveSinceMs: 2000, endedAtMs: 9000 },
      7000,
    ],
    ['never negative', { phase: 'live' as const, startedAtMs: 11_000, liveSinceMs: 12_000 }, 0],
  ])('%s', (_name, over, expected) => {
    expect(elapsed(over, 10_000)).toBe(expected);
  });
});

test('the title is the choice before the start, and the encoder’s own name once it sends', () => {
  expect(liveView(session(), ingest(), 'manual', 0).title).toBe('Encoder');
  const live = session({ phase: 'live', cameraLink: 'manual' });
  expect(liveView(live, ingest({ publisher }), 'demo', 0).title).toBe('OBS Studio');
  expect(liveView(session({ phase: 'live', cameraLink: 'demo' }), ingest(), 'manual', 0).title).toBe(
    'Demo camera',
  );
});

test('running and untouched', () => {
  expect(isRunning(session({ phase: 'stopping' }))).toBe(true);
  expect(isRunning(session({ phase: 'ended' }))).toBe(false);
  expect(isUntouched(session())).toBe(true);
  expect(isUntouched(session({ streamId: 'a' }))).toBe(false);
});

test('a stream that is sent to nobody is a preview, not live', () => {
  const playing = session({ phase: 'live', state: 'active', urls: urls() });
  expect(liveView(playing, ingest(), 'demo', 0, true).chip).toEqual({ word: 'Preview', tone: 'ok' });
  expect(liveView(playing, ingest(), 'demo', 0, false).chip.word).toBe('Live');
});
