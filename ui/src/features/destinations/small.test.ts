import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { branch, curve, trunk } from './cables';
import { rememberChoice, rememberedChoice } from './chosen';
import { landing } from './drag';
import { markOf } from './marks';
import { scoreWords } from './score';

afterEach(() => localStorage.clear());

describe('the choice of who goes live', () => {
  test('is everybody at first, then who went live last', () => {
    expect(rememberedChoice(['a', 'b'])).toEqual(['a', 'b']);
    rememberChoice(['b']);
    expect(rememberedChoice(['a', 'b', 'c'])).toEqual(['b']);
  });
  test('is everybody again when nobody is left of them, or when nonsense is stored', () => {
    rememberChoice(['gone']);
    expect(rememberedChoice(['a'])).toEqual(['a']);
    localStorage.setItem('stream-console.go-live', '{');
    expect(rememberedChoice(['a'])).toEqual(['a']);
  });
});

test('something carried lands between those whose middles it has passed', () => {
  const places = [
    { top: 0, height: 100 },
    { top: 110, height: 100 },
  ];
  expect([-5, 49, 51, 159, 161, 900].map((y) => landing(places, y))).toEqual([0, 0, 1, 1, 2, 2]);
});

test('cables lead from the program to the card, whatever their form', () => {
  const line = curve(64, 70, 300);
  expect(line.at(0)).toMatchObject({ x: 0, y: 70 });
  expect(line.at(1)).toMatchObject({ x: 64, y: 300 });
  expect(line.at(0.5)).toMatchObject({ x: 32, y: 185 });
  expect(branch(20, 64, 300).path(0, 1)).toMatch(/^M20\.0 300\.0.*L64\.0 300\.0$/);
  expect(trunk(20, 70, 60, 900)).toBe('M0 70.0H20.0M20.0 60.0V900.0');
});

test.each([
  [100, 'ok'],
  [90, 'ok'],
  [89, 'warn'],
  [60, 'warn'],
  [59, 'error'],
])('a score of %i is %s', (score, tone) => expect(scoreWords(score).tone).toBe(tone));

test('a mark has letters of the service, or of the name where the service has none', () => {
  expect(markOf('youtube', 'Mine').letters).toBe('Yt');
  expect(markOf('custom', 'club server').letters).toBe('Cl');
  expect(markOf('custom', '…').letters).toBe('?');
});

test('white letters on every mark have 4.5:1 or more', () => {
  const colours = [...readFileSync('src/features/destinations/marks.ts', 'utf8').matchAll(/#([0-9a-f]{6})/g)];
  expect(colours.length).toBeGreaterThan(8);
  for (const [, hex = ''] of colours) {
    const [r = 0, g = 0, b = 0] = [0, 2, 4].map((at) => {
      const share = parseInt(hex.slice(at, at + 2), 16) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    expect(1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05), hex).toBeGreaterThanOrEqual(4.5);
  }
});
