// Counts the contrast of every text colour on every surface, in both themes (WCAG 2.2 s1.4.3 asks 4.5:1).
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const css = readFileSync('src/shared/styles/theme.css', 'utf8');

function block(selector: string): Record<string, string> {
  const body = css.slice(css.indexOf(`${selector} {`)).split('}')[0] ?? '';
  return Object.fromEntries(
    [...body.matchAll(/--([a-z-]+):\s*([^;]+);/g)].map((found) => [found[1] ?? '', found[2] ?? '']),
  );
}

type Rgb = [number, number, number];
const rgb = (hex: string): Rgb => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as Rgb;

function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: Rgb, other: Rgb): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** `color-mix(in srgb, front share, transparent)` over a surface. */
const tinted = (front: Rgb, share: number, back: Rgb): Rgb =>
  front.map((part, at) => part * share + (back[at] ?? 0) * (1 - share)) as Rgb;

const dark = block(':root');
const themes = { dark, light: { ...dark, ...block(":root[data-theme='light']") } };

describe.each(Object.entries(themes))('%s', (_name, theme) => {
  const colour = (name: string) => rgb(theme[name] ?? '');
  const surfaces = ['bg', 'panel', 'raised'];
  const texts = ['text', 'muted', 'faint', 'accent', 'live', 'ok', 'warn', 'err', 'wait'];
  const tint = parseFloat(theme.tint ?? '') / 100;

  test.each(texts.flatMap((text) => surfaces.map((surface) => [text, surface])))(
    '%s on %s',
    (text, surface) => {
      expect(contrast(colour(text ?? ''), colour(surface ?? ''))).toBeGreaterThanOrEqual(4.5);
    },
  );

  test.each(
    ['muted', 'live', 'ok', 'warn', 'err', 'wait'].flatMap((tone) => ['bg', 'panel'].map((on) => [tone, on])),
  )('a chip of %s on %s', (tone, on) => {
    const front = colour(tone ?? '');
    expect(contrast(front, tinted(front, tint, colour(on ?? '')))).toBeGreaterThanOrEqual(4.5);
  });

  test.each([
    ['go-text', 'go-bg'],
    ['stop-text', 'stop-bg'],
  ])('%s on %s', (text, back) => {
    expect(contrast(colour(text), colour(back))).toBeGreaterThanOrEqual(4.5);
  });
});
