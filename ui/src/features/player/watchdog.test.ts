import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Watchdog, type Report } from './watchdog';

let video: { currentTime: number; paused: boolean; readyState: number };
let edge: number | null;
let behind: number | null;
let reports: Report[];
const charge = {
  liveEdgeS: () => edge,
  behindS: () => behind,
  targetS: () => 1.5,
  jumpToLive: vi.fn(),
  rebuild: vi.fn(),
};
let dog: Watchdog;

beforeEach(() => {
  vi.useFakeTimers();
  charge.jumpToLive.mockClear();
  charge.rebuild.mockClear();
  video = { currentTime: 0, paused: false, readyState: 4 };
  edge = 1;
  behind = 1.6;
  reports = [];
  dog = new Watchdog(video as HTMLVideoElement, charge, (report) => reports.push(report));
});

afterEach(() => {
  dog.stop();
  vi.useRealTimers();
});

/** Seconds in which the picture moves, or stands still. */
function pass(seconds: number, moving: boolean) {
  for (let second = 0; second < seconds; second += 1) {
    if (moving) video.currentTime += 1;
    if (edge !== null) edge += 1;
    vi.advanceTimersByTime(1000);
  }
}

test('a picture that moves is left alone and its distance is told', () => {
  pass(30, true);
  expect(charge.jumpToLive).not.toHaveBeenCalled();
  expect(charge.rebuild).not.toHaveBeenCalled();
  expect(reports.at(-1)).toEqual({ waiting: false, behindS: 1.6 });
});

test('a picture that stands still is reported, then jumped, then built anew', () => {
  pass(1, true);
  pass(2, false);
  expect(reports.at(-1)).toEqual({ waiting: true, behindS: null });
  pass(2, false);
  expect(charge.jumpToLive).toHaveBeenCalledTimes(1);
  pass(8, false);
  expect(charge.rebuild).toHaveBeenCalledTimes(1);
});

test('while media is known to be missing nothing is done, and the count starts anew afterwards', () => {
  pass(1, true);
  dog.held = true;
  pass(60, false);
  expect(charge.jumpToLive).not.toHaveBeenCalled();
  expect(charge.rebuild).not.toHaveBeenCalled();
  dog.held = false;
  pass(3, false);
  expect(charge.jumpToLive).not.toHaveBeenCalled();
  pass(1, false);
  expect(charge.jumpToLive).toHaveBeenCalledTimes(1);
});

test('a viewer who falls behind is brought back', () => {
  behind = 9;
  edge = 12;
  pass(1, true);
  expect(charge.jumpToLive).toHaveBeenCalledTimes(1);
});

test('a viewer who paused stays where they are', () => {
  video.paused = true;
  behind = 60;
  edge = 80;
  pass(30, false);
  expect(charge.jumpToLive).not.toHaveBeenCalled();
  expect(reports.at(-1)?.behindS).toBeNull();
});
