import { describe, expect, test } from 'vitest';
import * as policy from './policy';

const support: policy.Support = { mediaSource: true, codecs: true, nativeHls: false, linux: true };

test.each<[string, Partial<policy.Support>, policy.Path]>([
  ['everything', {}, { way: 'hls.js' }],
  ['native as well: hls.js comes first', { nativeHls: true }, { way: 'hls.js' }],
  ['native only', { mediaSource: false, codecs: false, nativeHls: true }, { way: 'native' }],
  ['no codecs on Linux', { codecs: false }, { way: 'none', reason: 'codecs-linux' }],
  ['no codecs elsewhere', { codecs: false, linux: false }, { way: 'none', reason: 'codecs' }],
  ['no codecs but native', { codecs: false, nativeHls: true }, { way: 'native' }],
  ['nothing', { mediaSource: false, codecs: false }, { way: 'none', reason: 'media-source' }],
])('with %s', (_name, over, path) => {
  expect(policy.choosePath({ ...support, ...over })).toEqual(path);
});

test('the wait between tries is capped', () => {
  expect([0, 1, 2, 3, 4, 99].map(policy.retryDelayMs)).toEqual([500, 1000, 2000, 4000, 4000, 4000]);
});

test('a decoder failure is cured twice in a row, then everything starts again', () => {
  expect([0, 1, 2].map((lately) => policy.fatalAction('mediaError', lately))).toEqual([
    'recover-media',
    'recover-media',
    'start-again',
  ]);
  expect(policy.fatalAction('networkError', 0)).toBe('start-again');
});

describe('jumping to live', () => {
  test.each([
    ['near', 2, 1.5, 5, false],
    ['just inside', 8, 1.5, 5, false],
    ['too far', 8.1, 1.5, 5, true],
    ['a slow stream is always late', 10, 7, 5, false],
    ['even a slow stream can be too late', 11.1, 7, 5, true],
    ['nothing newer to jump to', 30, 1.5, 0.4, false],
    ['unknown distance', null, 1.5, 5, false],
    ['unknown edge', 30, 1.5, null, false],
  ] as const)('%s', (_name, behind, target, ahead, jump) => {
    expect(policy.shouldJump(behind, target, ahead)).toBe(jump);
  });
});

test.each([
  ['the playlist’s wall clock', 8_400, 10_000, 5, 1.6],
  ['the edge when the clocks disagree', 12_000, 10_000, 2.5, 2.5],
  ['the edge when the clocks are hours apart', 10_000, 9_000_000, 2.5, 2.5],
  ['the edge without a wall clock', null, 10_000, 2.5, 2.5],
  ['nothing known', null, 10_000, null, null],
  ['nothing sensible', null, 10_000, NaN, null],
] as const)('distance to the camera from %s', (_name, playing, now, edge, expected) => {
  expect(policy.behindS(playing, now, edge)).toBe(expected);
});

describe('standing still', () => {
  const pulse: policy.Pulse = { currentTimeS: 10, paused: false, liveEdgeS: 20 };
  test.each([
    [1, 'wait'],
    [4, 'jump'],
    [5, 'wait'],
    [8, 'jump'],
    [12, 'rebuild'],
    [24, 'rebuild'],
  ])('for %i s: %s', (stalled, action) => {
    expect(policy.stallAction(pulse, stalled)).toBe(action);
  });
  test('without newer media there is nothing to jump to', () => {
    expect(policy.stallAction({ ...pulse, liveEdgeS: 10 }, 4)).toBe('wait');
    expect(policy.stallAction({ ...pulse, liveEdgeS: null }, 12)).toBe('rebuild');
  });
  test('on purpose is left alone', () => {
    expect(policy.stallAction({ ...pulse, paused: true }, 12)).toBe('wait');
  });
});

test('the console’s own preview is marked', () => {
  const web = 'http://127.0.0.1:4000/';
  expect(policy.asPreview('http://h/a/index.m3u8', web)).toBe('http://h/a/index.m3u8?viewer=preview');
  expect(policy.asPreview('http://h/a/index.m3u8?x=1', web)).toBe('http://h/a/index.m3u8?x=1&viewer=preview');
  for (const window of ['tauri://localhost/', 'http://tauri.localhost/']) {
    expect(policy.asPreview('http://192.168.1.20:8935/a/index.m3u8', window)).toBe(
      'http://127.0.0.1:8935/a/index.m3u8?viewer=preview',
    );
  }
});

test('only WebKitGTK needs some depth before it joins', () => {
  const webkitGtk =
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15';
  const chromium =
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36';
  const mac =
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15';
  expect([webkitGtk, chromium, mac].map(policy.needsDepth)).toEqual([true, false, false]);
});

test('depth is read from the playlists', () => {
  const multivariant = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nvideo.m3u8?viewer=preview\n';
  expect(policy.firstMediaPlaylist(multivariant, 'http://h/id/index.m3u8')).toBe(
    'http://h/id/video.m3u8?viewer=preview',
  );
  expect(policy.firstMediaPlaylist('#EXTM3U\n', 'http://h/')).toBeNull();
  expect(
    policy.listedSegments('#EXTM3U\n#EXTINF:2.0,\n1.m4s\n#EXT-X-PART:DURATION=0.3\n#EXTINF:2.0,\n2.m4s\n'),
  ).toBe(2);
});

test('what is beside a playlist is reached as the playlist is', () => {
  const hls = 'http://127.0.0.1:8935/a/index.m3u8?viewer=preview';
  expect(policy.besides('http://192.168.1.20:8935/a/whep', hls)).toBe(
    'http://127.0.0.1:8935/a/whep?viewer=preview',
  );
});
