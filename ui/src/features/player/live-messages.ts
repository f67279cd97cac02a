// The messages of the live socket (`{base}/live`), read with suspicion.

export type TrackKind = 'video' | 'audio';

/** Begins an epoch: what follows is described here and by one init segment for each track. */
export interface Tracks {
  is: 'tracks';
  epoch: number;
  /** The engine's time at media time zero, Unix milliseconds. */
  createdMs: number;
  /** The engine's time when it said this. */
  nowMs: number;
  /** RFC 6381 strings. */
  video: string | null;
  audio: string | null;
}

export type Said =
  | Tracks
  /** The viewer was too slow; what follows begins at a keyframe. */
  | { is: 'skipped'; units: number }
  | { is: 'end' };

export interface Carried {
  kind: TrackKind;
  is: 'init' | 'media';
  bytes: Uint8Array<ArrayBuffer>;
}

function codec(value: unknown): string | null | undefined {
  if (value === null || value === undefined) return null;
  const { codec } = value as { codec?: unknown };
  // It becomes part of a type string.
  return typeof codec === 'string' && /^[A-Za-z0-9.]{1,40}$/.test(codec) ? codec : undefined;
}

/** Null for what this player does not know. */
export function readText(text: string): Said | null {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof said !== 'object' || said === null) return null;
  const { type, epoch, createdMs, nowMs, units, ...rest } = said as Record<string, unknown>;
  if (type === 'end') return { is: 'end' };
  if (type === 'skipped') return { is: 'skipped', units: typeof units === 'number' ? units : 0 };
  if (type !== 'tracks') return null;
  const video = codec(rest.video);
  const audio = codec(rest.audio);
  if (typeof epoch !== 'number' || typeof createdMs !== 'number' || typeof nowMs !== 'number') return null;
  if (video === undefined || audio === undefined || (video === null && audio === null)) return null;
  return { is: 'tracks', epoch, createdMs, nowMs, video, audio };
}

const KINDS: Record<number, Omit<Carried, 'bytes'>> = {
  0x00: { kind: 'video', is: 'init' },
  0x01: { kind: 'audio', is: 'init' },
  0x10: { kind: 'video', is: 'media' },
  0x11: { kind: 'audio', is: 'media' },
};

/** Null for what this player does not know. */
export function readBinary(data: ArrayBuffer): Carried | null {
  const first = data.byteLength > 8 ? new Uint8Array(data, 0, 1)[0] : undefined;
  const kind = first === undefined ? undefined : KINDS[first];
  return kind === undefined ? null : { ...kind, bytes: new Uint8Array(data, 1) };
}
