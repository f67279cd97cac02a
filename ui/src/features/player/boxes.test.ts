import { expect, test } from 'vitest';
import { lengthen, readFragment, timescaleOf } from './boxes';
import { box, fragment, initSegment } from './testing';

test('an init segment tells its ticks', () => {
  expect(timescaleOf(initSegment(90_000))).toBe(90_000);
  expect(timescaleOf(initSegment(0))).toBeNull();
  expect(timescaleOf(box('moov'))).toBeNull();
});

test.each([
  ['a keyframe', fragment(180_000), { dtsTicks: 180_000, ctsTicks: 0, key: true }],
  ['another picture', fragment(183_000, { key: false }), { dtsTicks: 183_000, ctsTicks: 0, key: false }],
  ['a reordered one', fragment(3, { cts: 6000 }), { dtsTicks: 3, ctsTicks: 6000, key: true }],
  ['after days', fragment(2 ** 40 + 5), { dtsTicks: 2 ** 40 + 5, ctsTicks: 0, key: true }],
])('%s', (_name, bytes, expected) => {
  expect(readFragment(bytes)).toEqual(expected);
});

test('a picture is made to last longer, never shorter, in its own place', () => {
  const bytes = fragment(9, { duration: 3000 });
  lengthen(bytes, 22_500);
  expect(bytes).toEqual(fragment(9, { duration: 22_500 }));
  lengthen(bytes, 100);
  expect(bytes).toEqual(fragment(9, { duration: 22_500 }));
});

test('several samples keep their lengths', () => {
  const bytes = fragment(9, { count: 2 });
  lengthen(bytes, 22_500);
  expect(bytes).toEqual(fragment(9, { count: 2 }));
});

test('whatever is cut off or damaged is read as nothing, without an error', () => {
  const whole = fragment(180_000, { cts: 5 });
  const moofBytes = whole.length - 12;
  for (let length = 0; length < moofBytes; length += 1) {
    expect(readFragment(whole.slice(0, length))).toBeNull();
    expect(() => lengthen(whole.slice(0, length), 1)).not.toThrow();
    expect(() => timescaleOf(whole.slice(0, length))).not.toThrow();
  }
  for (let at = 0; at < whole.length; at += 1) {
    for (const value of [0, 1, 0x7f, 0xff]) {
      const damaged = whole.slice();
      damaged[at] = value;
      expect(() => readFragment(damaged)).not.toThrow();
      expect(() => lengthen(damaged, 1)).not.toThrow();
    }
  }
});
