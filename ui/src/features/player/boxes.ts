// The little of fragmented MP4 that the live player must read (ISO 14496-12): when a fragment is decoded, and whether
// decoding can start there. Sizes come from outside: whatever does not fit ends the reading.

/** A box's content within `bytes`. */
interface Span {
  start: number;
  end: number;
}

/** One `moof` of one track. */
export interface Fragment {
  /** Decoding time of the first sample, in the track's ticks. */
  dtsTicks: number;
  /** Presentation time minus decoding time of the first sample, in ticks. */
  ctsTicks: number;
  /** Decoding can start at the first sample. */
  key: boolean;
}

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The first box of type `kind` inside `within`. */
function child(bytes: Uint8Array, kind: string, within: Span): Span | null {
  const data = view(bytes);
  let at = within.start;
  while (at + 8 <= within.end) {
    let size = data.getUint32(at);
    let header = 8;
    if (size === 1 && at + 16 <= within.end) {
      size = data.getUint32(at + 8) * 2 ** 32 + data.getUint32(at + 12);
      header = 16;
    } else if (size === 0) {
      size = within.end - at;
    }
    if (size < header || at + size > within.end) return null;
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (name === kind) return { start: at + header, end: at + size };
    at += size;
  }
  return null;
}

function path(bytes: Uint8Array, ...kinds: string[]): Span | null {
  let span: Span | null = { start: 0, end: bytes.length };
  for (const kind of kinds) {
    if (span === null) return null;
    span = child(bytes, kind, span);
  }
  return span;
}

/** Ticks a second of the first track of an init segment (`mdhd`, s8.4.2). */
export function timescaleOf(init: Uint8Array): number | null {
  const mdhd = path(init, 'moov', 'trak', 'mdia', 'mdhd');
  if (mdhd === null) return null;
  const at = mdhd.start + (init[mdhd.start] === 1 ? 20 : 12);
  if (at + 4 > mdhd.end) return null;
  const ticks = view(init).getUint32(at);
  return ticks > 0 ? ticks : null;
}

/** Where the optional fields of a `tfhd` (s8.8.7) are, and its default sample flags. */
function header(bytes: Uint8Array, traf: Span): { durationAt: number | null; flags: number | null } | null {
  const tfhd = child(bytes, 'tfhd', traf);
  if (tfhd === null || tfhd.start + 8 > tfhd.end) return null;
  const data = view(bytes);
  const present = data.getUint32(tfhd.start) & 0xffffff;
  let at = tfhd.start + 8;
  if (present & 0x1) at += 8;
  if (present & 0x2) at += 4;
  const durationAt = present & 0x8 ? at : null;
  if (present & 0x8) at += 4;
  if (present & 0x10) at += 4;
  const flagsAt = present & 0x20 ? at : null;
  if (Math.max(durationAt ?? 0, flagsAt ?? 0) + 4 > tfhd.end) return null;
  return { durationAt, flags: flagsAt === null ? null : data.getUint32(flagsAt) };
}

/** The first sample of a `trun` (s8.8.8); positions are null for what it does not say itself. */
function run(bytes: Uint8Array, traf: Span) {
  const trun = child(bytes, 'trun', traf);
  if (trun === null || trun.start + 8 > trun.end) return null;
  const data = view(bytes);
  const present = data.getUint32(trun.start) & 0xffffff;
  const count = data.getUint32(trun.start + 4);
  let at = trun.start + 8;
  const take = (bit: number) => {
    if ((present & bit) === 0) return null;
    at += 4;
    return at - 4;
  };
  take(0x1);
  const firstFlagsAt = take(0x4);
  const durationAt = take(0x100);
  take(0x200);
  const flagsAt = take(0x400) ?? firstFlagsAt;
  const ctsAt = take(0x800);
  if (count === 0 || at > trun.end) return null;
  return {
    count,
    durationAt,
    flags: flagsAt === null ? null : data.getUint32(flagsAt),
    cts: ctsAt === null ? 0 : data.getInt32(ctsAt),
  };
}

/** Reads a `moof`; null when it is none. */
export function readFragment(bytes: Uint8Array): Fragment | null {
  const traf = path(bytes, 'moof', 'traf');
  if (traf === null) return null;
  const tfdt = child(bytes, 'tfdt', traf);
  const head = header(bytes, traf);
  const first = run(bytes, traf);
  if (tfdt === null || head === null || first === null) return null;
  const data = view(bytes);
  const long = bytes[tfdt.start] === 1;
  if (tfdt.start + (long ? 12 : 8) > tfdt.end) return null;
  const dtsTicks = long
    ? data.getUint32(tfdt.start + 4) * 2 ** 32 + data.getUint32(tfdt.start + 8)
    : data.getUint32(tfdt.start + 4);
  // `sample_is_non_sync_sample` (s8.8.3.1).
  const key = ((first.flags ?? head.flags ?? 0) & 0x1_0000) === 0;
  return { dtsTicks, ctsTicks: first.cts, key };
}

/**
 * Makes the one sample of a fragment last at least `ticks`, in place. A picture's length is only foretold when it is
 * sent, and a browser that meets the next one later than twice the foretold length throws pictures away until the next
 * keyframe (Media Source Extensions, coded frame processing, step 6). Too long is harmless: the next picture ends it.
 */
export function lengthen(bytes: Uint8Array, ticks: number): void {
  const traf = path(bytes, 'moof', 'traf');
  if (traf === null) return;
  const first = run(bytes, traf);
  if (first === null || first.count !== 1) return;
  const at = first.durationAt ?? header(bytes, traf)?.durationAt ?? null;
  if (at === null) return;
  const data = view(bytes);
  data.setUint32(at, Math.max(ticks, data.getUint32(at)));
}
