import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { EngineClock } from './clock';
import { LIMITS } from './chase';
import type { Playback } from './ear';
import { playSocket } from './socket';
import { FakeMediaSource, FakeSocket, fragment, initSegment, listener, ranges } from './testing';

const URL_OF_STREAM = 'ws://h/k/live';
const TICKS = 90_000;
/** Media time of the first keyframe, seconds. */
const FIRST_S = 3600;

let video: HTMLVideoElement;
let ear: ReturnType<typeof listener>;
let clock: EngineClock;
let playback: Playback;
const play = vi.fn(async () => undefined);

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.all = [];
  FakeMediaSource.all = [];
  FakeMediaSource.takes = () => true;
  vi.stubGlobal('WebSocket', FakeSocket);
  vi.stubGlobal('MediaSource', FakeMediaSource);
  vi.stubGlobal(
    'SourceBuffer',
    class {
      changeType() {}
    },
  );
  vi.spyOn(URL, 'createObjectURL').mockReturnValue('blob:x');
  vi.spyOn(URL, 'revokeObjectURL').mockReturnValue();
  play.mockClear();
  video = document.createElement('video');
  Object.assign(video, { play, load: () => undefined, pause: () => undefined });
  Object.defineProperty(video, 'paused', { value: false, configurable: true });
  ear = listener();
  clock = { nowMs: () => (FIRST_S + 2.5) * 1000 + 50_000, known: () => true, hint: vi.fn() };
  playback = playSocket(video, URL_OF_STREAM, ear, clock, LIMITS);
});

afterEach(() => {
  playback.destroy();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const socket = () => FakeSocket.all.at(-1) ?? expect.fail('no socket');
const source = () => FakeMediaSource.all.at(-1) ?? expect.fail('no media source');
const buffered = (...all: [number, number][]) =>
  Object.defineProperty(video, 'buffered', { value: ranges(...all), configurable: true });

function tracks({ video = 'avc1.64001f', audio = 'mp4a.40.2' as string | null, createdMs = 50_000 } = {}) {
  const sound = audio === null ? null : { codec: audio };
  socket().say({ type: 'tracks', epoch: 1, createdMs, nowMs: 9, video: { codec: video }, audio: sound });
  socket().send(0x00, initSegment(TICKS));
  if (audio !== null) socket().send(0x01, initSegment(48_000));
}
const picture = (atS: number, key = false) => socket().send(0x10, fragment(atS * TICKS, { key }));
const sound = (atS: number) => socket().send(0x11, fragment(atS * 48_000));

/** Takes all that waits. */
function settle() {
  for (let n = 0; n < 5; n += 1) for (const buffer of source().buffers) if (buffer.updating) buffer.finish();
}

function begin() {
  tracks();
  source().open();
  picture(FIRST_S, true);
  sound(FIRST_S);
  picture(FIRST_S + 2);
  sound(FIRST_S + 2);
  settle();
  buffered([0, 2]);
  vi.advanceTimersByTime(300);
}

test('the time line begins with the first keyframe; sound from before it is left out', () => {
  tracks();
  source().open();
  sound(FIRST_S - 0.2);
  picture(FIRST_S - 0.1);
  expect(source().buffers.map((one) => one.appended)).toEqual([[], []]);
  picture(FIRST_S, true);
  sound(FIRST_S + 0.01);
  settle();
  const [pictures, sounds] = source().buffers;
  expect(source().duration).toBe(Infinity);
  expect([pictures?.types, sounds?.types]).toEqual([
    ['video/mp4; codecs="avc1.64001f"'],
    ['audio/mp4; codecs="mp4a.40.2"'],
  ]);
  expect([pictures?.timestampOffset, sounds?.timestampOffset]).toEqual([-FIRST_S, -FIRST_S]);
  expect([pictures?.appended.length, sounds?.appended.length]).toEqual([2, 2]);
});

test('a picture is told to last a quarter of a second, since its length is only foretold', () => {
  begin();
  const long = fragment(FIRST_S * TICKS, { duration: TICKS / 4 });
  expect(source().buffers[0]?.appended[1]?.slice(0, long.length)).toEqual(long);
});

test('plays near the newest sound and picture, and tells how far behind the camera', () => {
  begin();
  expect(play).toHaveBeenCalled();
  expect(video.currentTime).toBeCloseTo(2 - LIMITS.minTargetS);
  Object.defineProperty(video, 'readyState', { value: 4 });
  video.dispatchEvent(new Event('timeupdate'));
  video.currentTime += 0.2;
  video.dispatchEvent(new Event('timeupdate'));
  expect(ear.moved).toHaveBeenCalledOnce();
  expect(ear.moved.mock.calls[0]?.[0]).toBeCloseTo(2.5 - 1.9);
  vi.advanceTimersByTime(1000);
  expect(ear.report.mock.lastCall?.[0]).toEqual({ waiting: false, behindS: expect.closeTo(0.6) });
});

test('a new epoch goes on on the same time line, whatever time it starts from and whatever its codec', () => {
  begin();
  tracks({ video: 'avc1.42c01f', createdMs: 50_000 + (FIRST_S + 10) * 1000 });
  picture(0, true);
  settle();
  expect(FakeMediaSource.all).toHaveLength(1);
  const [pictures] = source().buffers;
  expect(pictures?.timestampOffset).toBe(10);
  expect(pictures?.types.at(-1)).toContain('avc1.42c01f');
  buffered([0, 2], [10, 10.5]);
  picture(0.5);
  sound(0.5);
  video.currentTime = 2;
  vi.advanceTimersByTime(100);
  expect(video.currentTime).toBeCloseTo(10.5 - LIMITS.minTargetS);
});

test('other tracks, or a browser that cannot change codecs: everything anew', () => {
  begin();
  tracks({ audio: null });
  expect(FakeMediaSource.all).toHaveLength(2);
  vi.stubGlobal('SourceBuffer', class {});
  tracks({ audio: null, video: 'avc1.42c01f' });
  expect(FakeMediaSource.all).toHaveLength(3);
});

test('a time line that steps back begins anew, from a new connection', () => {
  begin();
  picture(FIRST_S - 100, true);
  expect(socket().closed).toBe(true);
  vi.advanceTimersByTime(500);
  expect(FakeSocket.all).toHaveLength(2);
  begin();
  expect(FakeMediaSource.all).toHaveLength(2);
});

test('a lost connection is made again, later each time, and what is buffered is kept', () => {
  begin();
  const made: number[] = [];
  for (const wait of [500, 1000, 2000, 4000]) {
    socket().drop();
    vi.advanceTimersByTime(wait - 1);
    const before = FakeSocket.all.length;
    vi.advanceTimersByTime(1);
    made.push(FakeSocket.all.length - before);
  }
  expect(made).toEqual([1, 1, 1, 1]);
  tracks();
  picture(FIRST_S + 9, true);
  expect(FakeMediaSource.all).toHaveLength(1);
  socket().drop();
  vi.advanceTimersByTime(500);
  expect(FakeSocket.all).toHaveLength(6);
});

test('another connection is taken up where the old one ended, in the middle of a group of pictures', () => {
  begin();
  socket().drop();
  vi.advanceTimersByTime(500);
  tracks();
  picture(FIRST_S, true);
  picture(FIRST_S + 2);
  picture(FIRST_S + 2.1);
  settle();
  const [pictures] = source().buffers;
  const long = { key: false, duration: TICKS / 4 };
  expect(pictures?.appended.at(-1)).toEqual(fragment((FIRST_S + 2.1) * TICKS, long));
  expect(pictures?.appended.filter((one) => one.length === initSegment(TICKS).length)).toHaveLength(1);
  expect(FakeMediaSource.all).toHaveLength(1);
});

test('while media is known to be missing no connection is made', () => {
  begin();
  playback.hold(true);
  socket().drop();
  vi.advanceTimersByTime(60_000);
  expect(FakeSocket.all).toHaveLength(1);
  playback.hold(false);
  vi.advanceTimersByTime(4000);
  expect(FakeSocket.all).toHaveLength(2);
});

test('what was played is let go of, up to a keyframe', () => {
  begin();
  picture(FIRST_S + 4, true);
  picture(FIRST_S + 8, true);
  picture(FIRST_S + 12, true);
  settle();
  for (const one of source().buffers) one.buffered = ranges([0, 12]);
  buffered([0, 12]);
  video.currentTime = 11;
  vi.advanceTimersByTime(100);
  expect(source().buffers.map((one) => one.removed)).toEqual([[3.999], [3.999]]);
});

test('a pause ends the connection; going on makes a new one', () => {
  begin();
  playback.pause();
  expect(socket().closed).toBe(true);
  vi.advanceTimersByTime(60_000);
  expect(FakeSocket.all).toHaveLength(1);
  playback.jumpToLive();
  expect(FakeSocket.all).toHaveLength(2);
});

test('what this browser cannot decode is refused with words', () => {
  FakeMediaSource.takes = (type) => !type.includes('avc1.6e');
  socket().say({ type: 'tracks', epoch: 1, createdMs: 0, nowMs: 0, video: { codec: 'avc1.6e001f' } });
  expect(ear.refused).toHaveBeenCalledExactlyOnceWith('This browser cannot decode the form of this stream.');
  expect(socket().closed).toBe(true);
});

test('a policy that forbids the connection ends the attempt', () => {
  vi.stubGlobal(
    'WebSocket',
    class {
      constructor() {
        throw new DOMException('policy', 'SecurityError');
      }
    },
  );
  const other = playSocket(video, URL_OF_STREAM, ear, clock, LIMITS);
  expect(ear.failed).toHaveBeenCalledOnce();
  other.destroy();
});

test('nonsense is passed over', () => {
  socket().send(0x10, fragment(0));
  begin();
  socket().onmessage?.({ data: 'nonsense' });
  socket().send(0x99, fragment(0));
  socket().send(0x10, new Uint8Array(20));
  socket().say({ type: 'skipped', units: 3 });
  expect(socket().closed).toBe(false);
});

test('after the end nothing goes on', () => {
  begin();
  playback.destroy();
  expect(socket().closed).toBe(true);
  vi.advanceTimersByTime(60_000);
  expect(FakeSocket.all).toHaveLength(1);
});
