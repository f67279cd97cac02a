import { expect, test } from 'vitest';
import { summary } from '../host/fake-data';
import { durationMs, outcome } from './past';

test.each([
  ['running', { endedAtMs: null }, 'Running'],
  ['stopped', {}, 'Complete'],
  ['failed after it was live', { failed: true }, 'Cut short'],
  ['failed before it was live', { failed: true, liveSinceMs: null }, 'Never live'],
])('%s', (_name, over, word) => {
  expect(outcome(summary(over)).word).toBe(word);
});

test('lasts from the first picture to the end, from the start without a picture, to now while it runs', () => {
  const line = { startedAtMs: 1000, liveSinceMs: 3000, endedAtMs: 8000 };
  expect(durationMs(summary(line), 0)).toBe(5000);
  expect(durationMs(summary({ ...line, liveSinceMs: null }), 0)).toBe(7000);
  expect(durationMs(summary({ ...line, endedAtMs: null }), 4000)).toBe(1000);
});
