// Where the details lie: over everything, near their button, inside the window.

/** Narrower windows get a sheet from below. */
export const SHEET_BELOW_PX = 560;
/** Kept free around the details. */
export const MARGIN_PX = 8;

interface Size {
  width: number;
  height: number;
}

/** CSS pixels from the window's edges. */
export type Place =
  { is: 'sheet' } | { is: 'near'; right: number; top: number | null; bottom: number | null; most: number };

/** `wanted` is the size with nothing cut off; higher than `most` it is scrolled. */
export function place(anchor: Pick<DOMRect, 'top' | 'bottom' | 'right'>, wanted: Size, window: Size): Place {
  if (window.width < SHEET_BELOW_PX) return { is: 'sheet' };
  const free = window.width - wanted.width - MARGIN_PX;
  const right = Math.max(MARGIN_PX, Math.min(window.width - anchor.right, free));
  const above = anchor.top - 2 * MARGIN_PX;
  const below = window.height - anchor.bottom - 2 * MARGIN_PX;
  if (wanted.height <= above) {
    return { is: 'near', right, top: null, bottom: window.height - anchor.top + MARGIN_PX, most: above };
  }
  if (wanted.height <= below) {
    return { is: 'near', right, top: anchor.bottom + MARGIN_PX, bottom: null, most: below };
  }
  // Neither: as high as the window, over its own button, which is why it has one to close it.
  return { is: 'near', right, top: null, bottom: MARGIN_PX, most: window.height - 2 * MARGIN_PX };
}
