import { expect, test } from 'vitest';
import { IDLE_MS, isIdle } from './idle';

const nothing = { paused: false, details: false, words: false, keyboard: false };

test('the furniture fades only while nothing keeps it', () => {
  expect(isIdle(IDLE_MS - 1, nothing)).toBe(false);
  expect(isIdle(IDLE_MS, nothing)).toBe(true);
  for (const kept of ['paused', 'details', 'words', 'keyboard'] as const) {
    expect(isIdle(IDLE_MS * 10, { ...nothing, [kept]: true }), kept).toBe(false);
  }
});
