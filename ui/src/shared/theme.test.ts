import { afterEach, expect, test } from 'vitest';
import { applyTheme, rememberedTheme, resolveTheme } from './theme';

afterEach(() => {
  localStorage.clear();
  delete document.documentElement.dataset.theme;
});

test.each([
  ['dark', true, 'dark'],
  ['light', false, 'light'],
  ['system', true, 'light'],
  ['system', false, 'dark'],
] as const)('%s with a light system %s is %s', (chosen, light, result) => {
  expect(resolveTheme(chosen, light)).toBe(result);
});

test('is put on the document and remembered', () => {
  applyTheme('light')();
  expect(document.documentElement.dataset.theme).toBe('light');
  expect(rememberedTheme('dark')).toBe('light');
});

test('an unknown remembered theme is not used', () => {
  localStorage.setItem('stream-console.theme', 'plaid');
  expect(rememberedTheme('dark')).toBe('dark');
});
