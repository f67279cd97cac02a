import { afterEach, expect, test } from 'vitest';
import { readLoudness, readWish, rememberLoudness, rememberWish } from './preferences';

const KEY = 'stream-console.loudness';
const fallback = { muted: true, volume: 1 };
afterEach(() => localStorage.clear());

test('loudness is remembered', () => {
  expect(readLoudness(fallback)).toEqual(fallback);
  rememberLoudness({ muted: false, volume: 0.4 });
  expect(readLoudness(fallback)).toEqual({ muted: false, volume: 0.4 });
});

test.each(['nonsense', '{}', '{"muted":"yes","volume":1}', 'null'])('%j is not believed', (stored) => {
  localStorage.setItem(KEY, stored);
  expect(readLoudness(fallback)).toEqual(fallback);
});

test('a volume out of range is brought into it', () => {
  localStorage.setItem(KEY, '{"muted":false,"volume":7}');
  expect(readLoudness(fallback).volume).toBe(1);
});

test('a volume of nothing is none to come back to', () => {
  localStorage.setItem(KEY, '{"muted":true,"volume":0}');
  expect(readLoudness({ muted: true, volume: 0.7 })).toEqual({ muted: true, volume: 0.7 });
});

test('the wished way is remembered, and only a known one is believed', () => {
  expect(readWish()).toBe('auto');
  rememberWish('ll-hls');
  expect(readWish()).toBe('ll-hls');
  localStorage.setItem('stream-console.way', 'carrier-pigeon');
  expect(readWish()).toBe('auto');
});
