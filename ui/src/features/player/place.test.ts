import { expect, test } from 'vitest';
import { MARGIN_PX, place, SHEET_BELOW_PX } from './place';

const wanted = { width: 560, height: 280 };
const button = (right: number, top: number) => ({ right, top, bottom: top + 34 });

test('above its button where there is room', () => {
  expect(place(button(1200, 600), wanted, { width: 1280, height: 800 })).toEqual({
    is: 'near',
    right: 80,
    top: null,
    bottom: 208,
    most: 584,
  });
});

test('else below it, and if it fits nowhere as high as the window', () => {
  expect(place(button(900, 230), wanted, { width: 960, height: 600 })).toMatchObject({
    top: 272,
    bottom: null,
  });
  expect(place(button(800, 230), wanted, { width: 844, height: 390 })).toMatchObject({
    top: null,
    bottom: MARGIN_PX,
    most: 374,
  });
});

test('never over the left edge of the window', () => {
  const at = place(button(300, 600), wanted, { width: 700, height: 800 });
  expect(at).toMatchObject({ right: 700 - 560 - MARGIN_PX });
  const wide = place(button(300, 600), { width: 900, height: 280 }, { width: 700, height: 800 });
  expect(wide).toMatchObject({ right: MARGIN_PX });
});

test('a sheet on a phone', () => {
  const at = { width: SHEET_BELOW_PX - 1, height: 844 };
  expect(place(button(340, 230), wanted, at)).toEqual({ is: 'sheet' });
});
