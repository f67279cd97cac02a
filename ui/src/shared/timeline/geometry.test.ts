import { describe, expect, test } from 'vitest';
import * as geometry from './geometry';
import type { PhaseName } from '../words';
import type { TimelineSample } from './geometry';

const sample = (atMs: number, bitrateBps = 1000): TimelineSample => ({
  atMs,
  bitrateBps,
  fps: 30,
  viewers: 0,
});
const mark = (atMs: number, is: PhaseName) => ({ atMs, is });
const range = { fromMs: 0, toMs: 100_000 };

describe('the window of a running stream', () => {
  test('is at least two minutes and starts with the stream', () => {
    expect(geometry.liveRange(1000, 5000)).toEqual({ fromMs: 1000, toMs: 121_000 });
  });
  test('then ends now', () => {
    expect(geometry.liveRange(0, 300_000)).toEqual({ fromMs: 0, toMs: 300_000 });
  });
  test('and is never longer than ten minutes', () => {
    expect(geometry.liveRange(0, 3_600_000)).toEqual({ fromMs: 3_000_000, toMs: 3_600_000 });
  });
});

test.each([
  [0, 1],
  [1, 1],
  [3, 5],
  [240_000, 250_000],
  [2_140_000, 2_500_000],
  [9_990_000, 10_000_000],
])('the scale for %i ends at %i', (value, top) => expect(geometry.niceTop(value)).toBe(top));

describe('runs', () => {
  test('break where samples are missing', () => {
    const found = geometry.runs([0, 1000, 2000, 9000, 10_000].map((at) => sample(at)));
    expect(found.map((run) => run.map((one) => one.atMs))).toEqual([
      [0, 1000, 2000],
      [9000, 10_000],
    ]);
  });
  test('do not break between the samples of a thinned history', () => {
    expect(geometry.runs([0, 10_000, 20_000, 30_000].map((at) => sample(at)))).toHaveLength(1);
  });
  test('of nothing are none', () => {
    expect(geometry.runs([])).toEqual([]);
  });
});

test('lines lie inside the box and leave out what is outside the window', () => {
  const lines = geometry.lines(
    [sample(-1000), sample(0, 500), sample(1000, 5000), sample(200_000)],
    range,
    1000,
    (one) => one.bitrateBps,
  );
  expect(lines).toEqual([
    [
      { x: 0, y: 0.5 },
      { x: 0.01, y: 1 },
    ],
  ]);
});

describe('a lane', () => {
  test('goes from mark to mark, the last to the end', () => {
    const lane = geometry.segments(
      [mark(0, 'awaiting_media'), mark(10_000, 'live'), mark(50_000, 'interrupted')],
      range,
      80_000,
    );
    expect(lane.map(({ is, x0, x1 }) => [is, x0, x1])).toEqual([
      ['awaiting_media', 0, 0.1],
      ['live', 0.1, 0.5],
      ['interrupted', 0.5, 0.8],
    ]);
  });
  test('joins marks of one phase', () => {
    const lane = geometry.segments([mark(0, 'live'), mark(10_000, 'live')], range, 20_000);
    expect(lane).toHaveLength(1);
    expect(lane[0]).toMatchObject({ fromMs: 0, toMs: 20_000, x1: 0.2 });
  });
  test('is cut at the window’s edges and drops what lies outside', () => {
    const lane = geometry.segments(
      [mark(-50_000, 'awaiting_media'), mark(-20_000, 'live'), mark(200_000, 'ended')],
      range,
      300_000,
    );
    expect(lane.map(({ is, x0, x1 }) => [is, x0, x1])).toEqual([['live', 0, 1]]);
  });
  test('has no piece of no length', () => {
    expect(geometry.segments([mark(10, 'live'), mark(20, 'ended')], range, 20)).toHaveLength(1);
  });
});

test('ticks stand at round distances from the start, not too many', () => {
  expect(geometry.ticks(range, 0).map((tick) => tick.sinceMs / 1000)).toEqual([0, 30, 60, 90]);
  const late = geometry.ticks({ fromMs: 605_000, toMs: 1_205_000 }, 5000);
  expect(late.map((tick) => tick.sinceMs / 60_000)).toEqual([10, 12, 14, 16, 18, 20]);
  expect(geometry.ticks({ fromMs: 0, toMs: 86_400_000 * 2 }, 0).length).toBeLessThanOrEqual(9);
});

test('the sample under the pointer is the nearest one, if one is near', () => {
  const samples = [sample(10_000), sample(11_000), sample(60_000)];
  expect(geometry.sampleAt(samples, range, 0.107)?.atMs).toBe(11_000);
  expect(geometry.sampleAt(samples, range, 0.3)).toBeNull();
});

test('paths', () => {
  const points = [
    { x: 0, y: 0 },
    { x: 1, y: 1 },
  ];
  expect(geometry.pathOf(points, 100, 10)).toBe('M0.0 10.0L100.0 0.0');
  expect(geometry.areaOf(points, 100, 10)).toBe('M0.0 10.0L100.0 0.0L100.0 10L0.0 10Z');
  expect(geometry.areaOf([], 100, 10)).toBe('');
});

describe('the glasses', () => {
  const told = (atMs: number, batteryPercent: number | null, bad = false) => ({
    atMs,
    kind: batteryPercent === null ? ('wifi' as const) : ('battery' as const),
    batteryPercent,
    bad,
    text: '',
  });

  test('have a lane once something happened to them within the stream', () => {
    expect(geometry.hasGlasses([], 0, 10)).toBe(false);
    expect(geometry.hasGlasses([told(-5, 50)], 0, 10)).toBe(false);
    expect(geometry.hasGlasses([told(5, null)], 0, 10)).toBe(true);
  });

  test('hold a battery level until the next, also one told before the window', () => {
    const steps = geometry.batterySteps(
      [told(-10_000, 80), told(50_000, 40), told(60_000, null)],
      range,
      90_000,
    );
    expect(steps).toEqual([
      { x: 0, y: 0.8 },
      { x: 0.5, y: 0.8 },
      { x: 0.5, y: 0.4 },
      { x: 0.9, y: 0.4 },
    ]);
  });

  test('mark a low battery once, when it becomes low', () => {
    const marks = [
      told(1, 30),
      told(2, 19, true),
      told(3, null),
      told(4, 15, true),
      told(5, 40),
      told(6, 9, true),
    ];
    expect(geometry.telling(marks).map((one) => one.atMs)).toEqual([2, 3, 6]);
  });
});
