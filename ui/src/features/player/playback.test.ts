import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Ear, Playback } from './ear';
import { playHlsJs, playNative } from './playback';

const { FakeHls } = vi.hoisted(() => {
  class FakeHls {
    static Events = { ERROR: 'error', MANIFEST_PARSED: 'parsed', FRAG_BUFFERED: 'buffered' };
    static all: FakeHls[] = [];
    listeners: Record<string, (name: string, data: unknown) => void> = {};
    destroyed = false;
    recovered = 0;
    source = '';
    liveSyncPosition: number | null = 50;
    latency = 1.5;
    targetLatency = 1.2;
    playingDate: Date | null = null;
    constructor(readonly config: Record<string, unknown>) {
      FakeHls.all.push(this);
    }
    on(name: string, listener: (name: string, data: unknown) => void) {
      this.listeners[name] = listener;
    }
    say(name: string, data: unknown = {}) {
      this.listeners[name]?.(name, data);
    }
    loadSource(url: string) {
      this.source = url;
    }
    attachMedia() {}
    recoverMediaError() {
      this.recovered += 1;
    }
    destroy() {
      this.destroyed = true;
    }
  }
  return { FakeHls };
});

vi.mock('hls.js', () => ({ default: FakeHls }));

const URL = 'http://h/index.m3u8';
const network = { fatal: true, type: 'networkError' };
const media = { fatal: true, type: 'mediaError' };

const ear: Ear = {
  report: () => undefined,
  moved: vi.fn(),
  refused: vi.fn(),
  failed: vi.fn(),
  denied: vi.fn(),
};
const clock = { nowMs: () => Date.now(), known: () => true, hint: () => undefined };

let video: HTMLVideoElement;
let playback: Playback;
const play = vi.fn(async () => undefined);
const last = () => FakeHls.all.at(-1);

beforeEach(() => {
  vi.useFakeTimers();
  FakeHls.all = [];
  play.mockClear();
  video = document.createElement('video');
  Object.assign(video, { play });
});

afterEach(() => {
  playback.destroy();
  vi.useRealTimers();
});

test('plays with the settings that WebKitGTK needs', async () => {
  playback = await playHlsJs(video, URL, ear, clock);
  expect(last()?.source).toBe(URL);
  expect(last()?.config).toMatchObject({
    lowLatencyMode: true,
    liveDurationInfinity: true,
    maxLiveSyncPlaybackRate: 1,
  });
  last()?.say('parsed');
  expect(play).toHaveBeenCalledTimes(1);
});

test('the calm manner keeps whole segments in hand', async () => {
  playback = await playHlsJs(video, URL, ear, clock, 'calm');
  expect(last()?.config).toMatchObject({ lowLatencyMode: false, liveSyncDuration: 6 });
});

test('tells when the picture goes on, not when it is moved', async () => {
  playback = await playHlsJs(video, URL, ear, clock);
  Object.defineProperty(video, 'readyState', { value: 4 });
  const at = (s: number) => {
    video.currentTime = s;
    video.dispatchEvent(new Event('timeupdate'));
  };
  [50, 50, 60].forEach(at);
  expect(ear.moved).not.toHaveBeenCalled();
  at(60.2);
  expect(ear.moved).toHaveBeenCalledExactlyOnceWith(1.5);
});

test('says when the browser wants a gesture before it plays sound', async () => {
  play.mockRejectedValueOnce(new DOMException('no gesture', 'NotAllowedError'));
  playback = await playHlsJs(video, URL, ear, clock);
  last()?.say('parsed');
  await vi.waitFor(() => expect(ear.denied).toHaveBeenCalledOnce());
});

test('what is not fatal is left to hls.js', async () => {
  playback = await playHlsJs(video, URL, ear, clock);
  last()?.say('error', { fatal: false, type: 'networkError' });
  vi.advanceTimersByTime(10_000);
  expect(FakeHls.all).toHaveLength(1);
});

test('a fatal network failure starts again, later each time, until media arrives', async () => {
  playback = await playHlsJs(video, URL, ear, clock);
  const built: number[] = [];
  for (const wait of [500, 1000, 2000, 4000, 4000]) {
    last()?.say('error', network);
    // Failures that come while a try is due do not add tries.
    last()?.say('error', network);
    vi.advanceTimersByTime(wait - 1);
    const before = FakeHls.all.length;
    vi.advanceTimersByTime(1);
    built.push(FakeHls.all.length - before);
  }
  expect(built).toEqual([1, 1, 1, 1, 1]);
  expect(FakeHls.all.slice(0, -1).every((one) => one.destroyed)).toBe(true);
  last()?.say('buffered');
  last()?.say('error', network);
  vi.advanceTimersByTime(500);
  expect(FakeHls.all).toHaveLength(7);
});

test('a fatal media failure is recovered in place, at most twice in a row', async () => {
  playback = await playHlsJs(video, URL, ear, clock);
  last()?.say('error', media);
  last()?.say('error', media);
  expect(last()?.recovered).toBe(2);
  expect(FakeHls.all).toHaveLength(1);
  last()?.say('error', media);
  vi.advanceTimersByTime(500);
  expect(FakeHls.all).toHaveLength(2);
});

test('nothing is fetched anew while media is known to be missing', async () => {
  playback = await playHlsJs(video, URL, ear, clock);
  playback.hold(true);
  last()?.say('error', network);
  vi.advanceTimersByTime(60_000);
  expect(FakeHls.all).toHaveLength(1);
  playback.hold(false);
  vi.advanceTimersByTime(4000);
  expect(FakeHls.all).toHaveLength(2);
});

test('a viewer who paused is not woken by a new start', async () => {
  playback = await playHlsJs(video, URL, ear, clock);
  playback.pause();
  last()?.say('error', network);
  vi.advanceTimersByTime(500);
  last()?.say('parsed');
  expect(play).not.toHaveBeenCalled();
  playback.jumpToLive();
  expect(play).toHaveBeenCalledTimes(1);
  expect(video.currentTime).toBe(50);
});

test('after the end nothing goes on', async () => {
  playback = await playHlsJs(video, URL, ear, clock);
  last()?.say('error', network);
  playback.destroy();
  vi.advanceTimersByTime(60_000);
  expect(FakeHls.all).toHaveLength(1);
  expect(last()?.destroyed).toBe(true);
});

test('the element’s own player starts again after an error and after an end that is none', () => {
  playback = playNative(video, URL, ear, clock);
  expect(play).toHaveBeenCalledTimes(1);
  video.dispatchEvent(new Event('error'));
  vi.advanceTimersByTime(500);
  expect(play).toHaveBeenCalledTimes(2);
  video.dispatchEvent(new Event('playing'));
  video.dispatchEvent(new Event('ended'));
  vi.advanceTimersByTime(500);
  expect(play).toHaveBeenCalledTimes(3);
});
