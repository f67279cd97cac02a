import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { copyAndForget, SECRET_IN_CLIPBOARD_MS, type Clipboard } from './clipboard';

let held = '';
let readable = true;
const clipboard: Clipboard = {
  needsFocus: true,
  write: async (text) => {
    held = text;
  },
  read: async () => (readable ? held : null),
};
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
  held = '';
  readable = true;
  vi.spyOn(document, 'hasFocus').mockReturnValue(true);
});
afterEach(() => vi.useRealTimers());

test('a copied secret is gone after a minute', async () => {
  expect(await copyAndForget('sk-1', clipboard)).toBe(true);
  await pass(SECRET_IN_CLIPBOARD_MS - 1);
  expect(held).toBe('sk-1');
  await pass(1);
  expect(held).toBe('');
});

test('what was copied later stays', async () => {
  await copyAndForget('sk-1', clipboard);
  held = 'a recipe';
  await pass(SECRET_IN_CLIPBOARD_MS);
  expect(held).toBe('a recipe');
});

test('a second copy has its own minute', async () => {
  await copyAndForget('sk-1', clipboard);
  await pass(40_000);
  await copyAndForget('sk-1', clipboard);
  await pass(40_000);
  expect(held).toBe('sk-1');
  await pass(20_000);
  expect(held).toBe('');
});

test('where the clipboard cannot be read nothing is promised and nothing is emptied', async () => {
  readable = false;
  expect(await copyAndForget('sk-1', clipboard)).toBe(false);
  await pass(SECRET_IN_CLIPBOARD_MS);
  expect(held).toBe('sk-1');
});

test('a page in the background waits until it is in front', async () => {
  await copyAndForget('sk-1', clipboard);
  vi.mocked(document.hasFocus).mockReturnValue(false);
  await pass(SECRET_IN_CLIPBOARD_MS);
  expect(held).toBe('sk-1');
  window.dispatchEvent(new Event('focus'));
  await pass(0);
  expect(held).toBe('');
});

test('a program of its own does not wait for its window', async () => {
  await copyAndForget('sk-1', { ...clipboard, needsFocus: false });
  vi.mocked(document.hasFocus).mockReturnValue(false);
  await pass(SECRET_IN_CLIPBOARD_MS);
  expect(held).toBe('');
});
