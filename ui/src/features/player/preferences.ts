// Loudness, remembered in this browser. Storage may be switched off; then it is remembered by nobody.

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
    return { muted: found.muted, volume: Math.min(1, Math.max(0, found.volume)) };
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
