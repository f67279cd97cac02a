import { expect, test } from 'vitest';
import { HostError, isApiError, toHostError } from './errors';

test('what the console refused keeps its code and words', () => {
  const error = toHostError({ code: 'busy', message: 'A stream runs.', nextStep: 'Stop it first.' });
  expect(error).toBeInstanceOf(HostError);
  expect(error).toMatchObject({ code: 'busy', message: 'A stream runs.', nextStep: 'Stop it first.' });
});

test('a missing next step is null', () => {
  expect(toHostError({ code: 'storage', message: 'Disk full.' }).nextStep).toBeNull();
});

test('an error stays itself', () => {
  const error = new HostError({ code: 'internal', message: 'x', nextStep: null });
  expect(toHostError(error)).toBe(error);
});

test.each([
  [new Error('broken'), 'broken'],
  ['a Rust string', 'a Rust string'],
  [null, 'Something went wrong inside the console.'],
  [{ code: 'made_up', message: 'x' }, 'Something went wrong inside the console.'],
])('anything else becomes an internal error with a next step', (thrown, message) => {
  const error = toHostError(thrown);
  expect(error).toMatchObject({ code: 'internal', message });
  expect(error.nextStep).not.toBeNull();
});

test('only known codes make an ApiError', () => {
  expect(isApiError({ code: 'not_found', message: 'x' })).toBe(true);
  expect(isApiError({ code: 'toString', message: 'x' })).toBe(false);
  expect(isApiError({ code: 'busy' })).toBe(false);
  expect(isApiError('busy')).toBe(false);
});
