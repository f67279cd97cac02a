import { describe, expect, test } from 'vitest';
import * as format from './format';

test.each([
  [-5, '0:00'],
  [7_900, '0:07'],
  [725_000, '12:05'],
  [3_753_000, '1:02:33'],
  [36_000_000, '10:00:00'],
])('clock(%i) is %s', (ms, text) => expect(format.clock(ms)).toBe(text));

test.each([
  [42_000, '42 s'],
  [89_000, '89 s'],
  [90_000, '2 min'],
  [720_000, '12 min'],
  [3_600_000, '1 h'],
  [3_725_000, '1 h 2 min'],
])('span(%i) is %s', (ms, text) => expect(format.span(ms)).toBe(text));

test.each([
  [0, '0 kb/s'],
  [640_400, '640 kb/s'],
  [999_499, '999 kb/s'],
  [999_500, '1.0 Mb/s'],
  [2_140_000, '2.1 Mb/s'],
  [120_000_000, '120 Mb/s'],
])('bitrate(%i) is %s', (bps, text) => expect(format.bitrate(bps)).toBe(text));

test('frame rates have at most one digit after the point', () => {
  expect([29.97, 14.52, 60].map(format.frameRate)).toEqual(['30 fps', '14.5 fps', '60 fps']);
});

test('time left never says 0 too early', () => {
  expect(format.secondsLeft(1001, 1000)).toBe(1);
  expect(format.secondsLeft(1000, 1000)).toBe(0);
  expect(format.secondsLeft(0, 1000)).toBe(0);
});

describe('sound', () => {
  test.each([
    [null, 2, 48_000, null],
    ['mp4a.40.2', 2, 48_000, 'AAC, stereo 48 kHz'],
    ['mp4a.40.2', 1, 44_100, 'AAC, mono 44.1 kHz'],
    ['mp4a.40.2', 6, null, 'AAC, 6 ch'],
    ['mp4a.40.2', null, null, 'AAC'],
  ])('%s, %s channels, %s Hz', (codec, channels, rate, text) => {
    expect(format.soundLine(codec, channels, rate)).toBe(text);
  });
});

test.each([
  ['FMLE/3.0 (compatible; FMSc/1.0)', 'RTMP encoder'],
  ['FMLE/3.0 (compatible; obs-studio/31.0)', 'OBS Studio'],
  ['Lavf59.27.100', 'FFmpeg'],
  ['', 'Encoder'],
  ['Larix/1.4', 'Larix'],
  ['Something 9', 'Something 9'],
])('encoder %j is called %s', (raw, name) => expect(format.encoderName(raw)).toBe(name));

test.each([
  ['http://127.0.0.1:8935/x/watch', true],
  ['http://localhost:8935/x', true],
  ['rtmp://127.0.0.1:1935/live', true],
  ['http://[::1]:8935/x', true],
  ['http://192.168.1.20:8935/x', false],
  ['rtmp://192.168.1.20:1935/live', false],
  ['nonsense', false],
])('%s names this computer only: %s', (url, alone) => expect(format.isLoopback(url)).toBe(alone));

test('picture size and codec names', () => {
  expect(format.pictureSize(1280, 720)).toBe('1280 × 720');
  expect(format.pictureSize(null, 720)).toBeNull();
  expect(['avc1.64001f', 'hvc1.1.6', 'mp4a.40.2', 'theora'].map(format.codecName)).toEqual([
    'H.264',
    'H.265',
    'AAC',
    'theora',
  ]);
});

test.each<[number, number | null, number | null, string]>([
  [1, null, null, '1'],
  [3, 1_800_000, 2, '3 · weakest line about 2 Mb/s · loses 2 %'],
  [2, 900_000, 0, '2 · weakest line about 900 kb/s'],
])('byWebRtc(%i, %s, %s) is %s', (viewers, bps, loss, text) =>
  expect(format.byWebRtc(viewers, bps, loss)).toBe(text),
);
