// Loudness and the way of playing, remembered in this browser. Storage may be switched off; then it is remembered by nobody.

import { WAYS, type Way, type Wish } from './ways';

export interface Loudness {
  muted: boolean;
  /** 0 to 1. */
  volume: number;
}

const KEY = 'stream-console.loudness';

export function readLoudness(fallback: Loudness): Loudness {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? 'null') as Partial<Loudness> | null;
    if (typeof found?.muted !== 'boolean' || typeof found.volume !== 'number') return fallback;
    // One that was remembered as nothing could never be heard again.
    const volume = found.volume > 0 ? Math.min(1, found.volume) : fallback.volume;
    return { muted: found.muted, volume };
  } catch {
    return fallback;
  }
}

export function rememberLoudness(loudness: Loudness): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(loudness));
  } catch {
    // Not remembered.
  }
}

const WAY_KEY = 'stream-console.way';

export function readWish(): Wish {
  try {
    const found = localStorage.getItem(WAY_KEY);
    return WAYS.includes(found as Way) ? (found as Way) : 'auto';
  } catch {
    return 'auto';
  }
}

export function rememberWish(wish: Wish): void {
  try {
    localStorage.setItem(WAY_KEY, wish);
  } catch {
    // Not remembered.
  }
}
