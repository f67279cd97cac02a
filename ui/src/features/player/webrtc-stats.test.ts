import { expect, test } from 'vitest';
import { behindS, read, type Reading } from './webrtc-stats';

const NTP_MS = 2_208_988_800_000;
const NOW_MS = 1_795_406_400_000;
const report = (...stats: Record<string, unknown>[]) => stats.map((stat, at) => [`${at}`, stat] as const);

const reading: Reading = {
  framesDecoded: 90,
  samplesPlayed: 0,
  lostPackets: 0,
  jitterDelayS: 3,
  jitterCount: 100,
  roundTripS: 0.02,
  playoutMs: null,
};

test('a report', () => {
  const told = report(
    {
      type: 'inbound-rtp',
      kind: 'video',
      framesDecoded: 90,
      packetsLost: 3,
      jitterBufferDelay: 3,
      jitterBufferEmittedCount: 100,
      estimatedPlayoutTimestamp: NTP_MS + NOW_MS,
    },
    { type: 'inbound-rtp', kind: 'audio', packetsLost: -1, jitterBufferEmittedCount: 48_000 },
    { type: 'candidate-pair', nominated: false, currentRoundTripTime: 9 },
    { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.02 },
    { type: 'codec' },
  );
  expect(read(told)).toEqual({ ...reading, samplesPlayed: 48_000, lostPackets: 3, playoutMs: NOW_MS });
});

test('a report that says little', () => {
  expect(read(report({ type: 'inbound-rtp', kind: 'video' }))).toMatchObject({
    framesDecoded: 0,
    playoutMs: null,
    roundTripS: null,
  });
});

test('playout time is read whichever year it counts from', () => {
  const told = (estimatedPlayoutTimestamp: unknown) =>
    read(report({ type: 'inbound-rtp', kind: 'video', estimatedPlayoutTimestamp })).playoutMs;
  expect([NTP_MS + NOW_MS, NOW_MS, 0, 'x'].map(told)).toEqual([NOW_MS, NOW_MS, null, null]);
});

test.each<[string, Partial<Reading>, Partial<Reading> | null, number | null, number | null]>([
  ['the sender’s clock', { playoutMs: NOW_MS - 180 }, null, NOW_MS, 0.18],
  ['a playout that cannot be', { playoutMs: NOW_MS + 500 }, null, NOW_MS, 0.04],
  ['no engine’s clock', { playoutMs: NOW_MS - 180 }, null, null, 0.04],
  ['the buffer since the last reading', {}, { jitterDelayS: 1, jitterCount: 90 }, NOW_MS, 0.21],
  ['nothing since the last reading', {}, {}, NOW_MS, null],
])('distance to the camera by %s', (_name, now, last, engineMs, expected) => {
  const before = last === null ? null : { ...reading, ...last };
  const found = behindS({ ...reading, ...now }, before, engineMs);
  if (expected === null) expect(found).toBeNull();
  else expect(found).toBeCloseTo(expected);
});
