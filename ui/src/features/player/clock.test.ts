import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { aheadMs, clockOf, measure } from './clock';

const HOUR_MS = 3_600_000;
let answer: () => Promise<Response>;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('fetch', () => answer());
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('half the round trip is taken off', () => {
  expect(aheadMs(10_050, 1000, 1100)).toBe(9000);
});

test('a viewer whose clock is an hour wrong sees the engine’s', async () => {
  answer = async () => new Response(new Date(Date.now() + HOUR_MS).toISOString());
  const clock = measure('http://h/time');
  expect([clock.known(), Math.abs(clock.nowMs() - Date.now()) < 50]).toEqual([false, true]);
  await vi.waitFor(() => expect(clock.known()).toBe(true));
  expect(Math.abs(clock.nowMs() - Date.now() - HOUR_MS)).toBeLessThan(50);
});

test.each<[string, () => Promise<Response>]>([
  ['no answer', () => Promise.reject(new TypeError('refused'))],
  ['nonsense', async () => new Response('soon')],
  ['a refusal', async () => new Response('2026-01-01T00:00:00Z', { status: 404 })],
])('%s: what the engine says in passing has to do', async (_name, said) => {
  answer = said;
  const clock = measure('http://h/time');
  await vi.advanceTimersByTimeAsync(100);
  expect(clock.known()).toBe(false);
  clock.hint(Date.now() - HOUR_MS);
  expect(clock.known()).toBe(true);
  expect(Math.abs(clock.nowMs() - Date.now() + HOUR_MS)).toBeLessThan(50);
});

test('each engine is asked once', () => {
  const asked = vi.fn(() => Promise.reject(new TypeError('refused')));
  answer = asked;
  expect(clockOf('http://one/k/index.m3u8')).toBe(clockOf('http://one/other.m3u8'));
  clockOf('http://two/k/index.m3u8');
  expect(asked).toHaveBeenCalledTimes(2);
});
