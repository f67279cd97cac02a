import { describe, expect, test } from 'vitest';
import { Chase, LIMITS, limitsFor, WEBKIT_GTK_LIMITS, type Limits, type Range, type View } from './chase';

const STEP_MS = 100;

/** An element that plays what it has, at the rate it is told. */
class Element {
  chase: Chase;
  view: View = {
    nowMs: 0,
    currentTimeS: 0,
    edgeS: null,
    ranges: [],
    paused: false,
    seeking: false,
  };
  rate = 1;
  seeks: number[] = [];

  constructor(limits: Limits = LIMITS) {
    this.chase = new Chase(limits);
  }

  has(edgeS: number, ranges: Range[] = [[0, edgeS]]) {
    this.view = { ...this.view, edgeS, ranges };
  }

  look() {
    const move = this.chase.look(this.view);
    if (move.rate !== undefined) this.rate = move.rate;
    if (move.seekS !== undefined) {
      this.seeks.push(move.seekS);
      this.view = { ...this.view, currentTimeS: move.seekS };
    }
    return move;
  }

  /** Media arrives as fast as it is made, and plays as far as it goes. */
  pass(ms: number, arrives = true) {
    for (const endMs = this.view.nowMs + ms; this.view.nowMs < endMs;) {
      const nowMs = this.view.nowMs + STEP_MS;
      const edgeS = (this.view.edgeS ?? 0) + (arrives ? STEP_MS / 1000 : 0);
      const playsTo = this.view.currentTimeS + (this.rate * STEP_MS) / 1000;
      this.view = { ...this.view, nowMs, currentTimeS: Math.min(edgeS, playsTo) };
      this.has(edgeS, [[this.view.ranges[0]?.[0] ?? 0, edgeS]]);
      this.look();
    }
  }

  get behindS() {
    return (this.view.edgeS ?? NaN) - this.view.currentTimeS;
  }
}

describe('the begin', () => {
  test('waits for some depth', () => {
    const element = new Element();
    element.has(0.1);
    element.look();
    element.view = { ...element.view, nowMs: 1000 };
    element.look();
    expect(element.chase.begun).toBe(false);
  });

  test('is placed near the newest picture once all since the keyframe has come', () => {
    const element = new Element();
    element.has(0.4);
    element.look();
    element.view = { ...element.view, nowMs: 100 };
    element.has(1.9);
    expect(element.look()).toEqual({});
    element.view = { ...element.view, nowMs: 200 };
    element.has(2);
    expect(element.look().seekS).toBeCloseTo(1.7);
  });

  test('WebKitGTK plays from the keyframe and is moved only after a while', () => {
    const element = new Element(WEBKIT_GTK_LIMITS);
    element.has(2);
    element.pass(1500);
    expect([element.chase.begun, element.seeks]).toEqual([true, []]);
    element.pass(1000);
    expect(element.seeks).toHaveLength(1);
    expect(element.behindS).toBeCloseTo(WEBKIT_GTK_LIMITS.minTargetS, 1);
  });
});

test('lateness is played off gently', () => {
  const element = new Element();
  element.has(2);
  element.pass(1000);
  element.view = { ...element.view, currentTimeS: element.view.currentTimeS - 0.6 };
  element.pass(1000);
  expect(element.rate).toBe(1.1);
  element.pass(30_000);
  expect(element.rate).toBe(1);
  expect(Math.abs(element.behindS - LIMITS.minTargetS)).toBeLessThan(0.1);
  expect(element.seeks).toHaveLength(1);
});

test('too far behind is jumped, not more often than allowed', () => {
  const element = new Element();
  element.has(2);
  element.pass(5000);
  for (const jumps of [2, 2, 2, 3]) {
    element.view = { ...element.view, currentTimeS: element.view.currentTimeS - 4 };
    element.pass(1000);
    expect(element.seeks).toHaveLength(jumps);
  }
});

test('WebKitGTK: the rate is never touched', () => {
  const element = new Element(WEBKIT_GTK_LIMITS);
  element.has(3);
  element.pass(60_000);
  expect(element.rate).toBe(1);
});

test('every underrun moves the aim away, up to a limit; calm brings it back slowly', () => {
  const element = new Element();
  element.has(2);
  element.pass(3000);
  element.chase.underran(element.view.nowMs);
  expect(element.chase.targetS).toBeCloseTo(LIMITS.minTargetS + LIMITS.growS);
  for (let n = 0; n < 20; n += 1) element.chase.underran(element.view.nowMs);
  expect(element.chase.targetS).toBe(LIMITS.maxTargetS);
  element.pass(LIMITS.calmMs + STEP_MS);
  expect(element.chase.targetS).toBeCloseTo(LIMITS.maxTargetS - LIMITS.shrinkS);
  element.pass(LIMITS.calmMs * 30);
  expect(element.chase.targetS).toBe(LIMITS.minTargetS);
});

test('what runs dry before the begin or right after a jump says nothing of the network', () => {
  const element = new Element();
  element.chase.underran(0);
  element.has(2);
  element.pass(300);
  expect(element.seeks).toHaveLength(1);
  element.chase.underran(element.view.nowMs);
  expect(element.chase.targetS).toBe(LIMITS.minTargetS);
});

describe('a gap', () => {
  const begun = () => {
    const element = new Element();
    element.has(2);
    element.pass(5000);
    element.view = { ...element.view, currentTimeS: 7 };
    return element;
  };

  test('is jumped over as soon as there is something beyond it', () => {
    const element = begun();
    element.has(11, [
      [0, 7],
      [10, 11],
    ]);
    expect(element.look().seekS).toBeCloseTo(10.7);
  });

  test('beyond which there is too little waits for more', () => {
    const element = begun();
    element.has(10.1, [
      [0, 7],
      [10, 10.1],
    ]);
    expect(element.look()).toEqual({});
    element.has(10.31, [
      [0, 7],
      [10, 10.31],
    ]);
    expect(element.look().seekS).toBeCloseTo(10.01);
  });

  test('is left even when a seek was caught in it', () => {
    const element = begun();
    element.view = { ...element.view, currentTimeS: 8, seeking: true };
    element.has(11, [
      [0, 7],
      [10, 11],
    ]);
    expect(element.look().seekS).toBeCloseTo(10.7);
  });

  test('what came but cannot be played yet is not jumped to', () => {
    const element = begun();
    element.has(30, [[0, 7.02]]);
    for (let n = 0; n < 50; n += 1) element.pass(0);
    expect(element.look().seekS).toBeUndefined();
  });

  test('is left alone while paused', () => {
    const element = begun();
    element.view = { ...element.view, paused: true };
    element.has(11, [
      [0, 7],
      [10, 11],
    ]);
    expect(element.look()).toEqual({});
  });
});

test('the numbers are chosen by the view', () => {
  const gtk =
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15';
  expect(limitsFor(gtk)).toBe(WEBKIT_GTK_LIMITS);
  expect(limitsFor('Chrome/156')).toBe(LIMITS);
});
