// The Media Source side of the live socket: two SourceBuffers on a time line that begins with the first keyframe.
import { Appender } from './appender';
import { lengthen, readFragment, timescaleOf } from './boxes';
import type { TrackKind, Tracks } from './live-messages';
import { sourceClass } from './policy';

/** Played media is kept this long, seconds, so that a keyframe to decode from stays behind every position. */
export const KEEP_S = 5;
/** Least length given to a picture, seconds; see `lengthen`. Cameras may be late by twice this. */
export const PICTURE_S = 0.25;
/** A time line that steps back further than this, seconds, cannot be appended to what is there. */
const BACK_S = 10;
/** Times are computed anew for each connection. */
const TINY_S = 0.001;
/** Keyframes remembered to trim at; more than ever lie in `KEEP_S`. */
const MAX_KEYS = 64;

interface Track {
  appender: Appender;
  /** Its type for `addSourceBuffer`. */
  type: string;
  timescale: number;
  /** The epoch's init segment, until the time line's begin is known. */
  init: Uint8Array<ArrayBuffer> | null;
  /** The init segment that was appended last, and where its media was placed. */
  begun: { bytes: Uint8Array; type: string; offsetS: number } | null;
  /** Newest appended time on the element's time line. */
  newestS: number | null;
  /** Up to here, what comes is there already. */
  skipToS: number | null;
}

export const typeOf = (kind: TrackKind, codec: string) => `${kind}/mp4; codecs="${codec}"`;

export class LiveMedia {
  #video: HTMLVideoElement;
  #source: MediaSource;
  #url: string;
  #tracks = new Map<TrackKind, Track>();
  /** The engine's time where the element's time line begins; null until the first keyframe. */
  #zeroMs: number | null = null;
  #createdMs = 0;
  /** Where decoding may start, on the element's time line. */
  #keysS: number[] = [];
  #onTrouble: () => void;
  #over = false;

  /** `onTrouble`: it cannot go on and must be built anew. */
  constructor(video: HTMLVideoElement, tracks: Tracks, onAppended: () => void, onTrouble: () => void) {
    const Source = sourceClass();
    if (Source === undefined) throw new TypeError('no Media Source Extensions');
    this.#video = video;
    this.#onTrouble = () => {
      if (!this.#over) onTrouble();
    };
    for (const [kind, type] of types(tracks)) {
      const appender = new Appender(type, onAppended, this.#onTrouble);
      this.#tracks.set(kind, {
        appender,
        type,
        timescale: 0,
        init: null,
        begun: null,
        newestS: null,
        skipToS: null,
      });
    }
    this.#createdMs = tracks.createdMs;
    this.#source = new Source();
    this.#source.addEventListener('sourceopen', this.#opened, { once: true });
    // An iPhone's kind plays nothing while it could also be sent to a television.
    if (!('MediaSource' in window)) video.disableRemotePlayback = true;
    this.#url = URL.createObjectURL(this.#source);
    video.src = this.#url;
  }

  #opened = () => {
    URL.revokeObjectURL(this.#url);
    if (this.#over) return;
    try {
      // A finite one ends the element for good at the first underrun in WebKitGTK.
      this.#source.duration = Infinity;
      for (const { appender, type } of this.#tracks.values()) {
        appender.attach(this.#source.addSourceBuffer(type));
      }
    } catch {
      this.#onTrouble();
    }
  };

  /** True when an epoch of these tracks can follow on the same time line. */
  takes(tracks: Tracks): boolean {
    const wanted = types(tracks);
    const changes = 'changeType' in SourceBuffer.prototype;
    return (
      wanted.length === this.#tracks.size &&
      wanted.every(([kind, type]) => {
        const has = this.#tracks.get(kind);
        return has !== undefined && (changes || has.type === type);
      })
    );
  }

  /** A new epoch begins. */
  follow(tracks: Tracks): void {
    this.#createdMs = tracks.createdMs;
    for (const [kind, type] of types(tracks)) {
      const track = this.#tracks.get(kind);
      if (track !== undefined) track.type = type;
    }
  }

  init(kind: TrackKind, bytes: Uint8Array<ArrayBuffer>): void {
    const track = this.#tracks.get(kind);
    const timescale = timescaleOf(bytes);
    if (track === undefined || timescale === null) return;
    Object.assign(track, { timescale, init: bytes });
    this.#begin();
  }

  media(kind: TrackKind, bytes: Uint8Array<ArrayBuffer>): void {
    const track = this.#tracks.get(kind);
    const fragment = readFragment(bytes);
    if (track === undefined || track.timescale === 0 || fragment === null) return;
    const key = kind === 'audio' || fragment.key;
    const shownTicks = fragment.dtsTicks + fragment.ctsTicks;
    if (this.#zeroMs === null) {
      // The picture decides: sound from before it would only be heard without one.
      if (!key || (kind === 'audio' && this.#tracks.has('video'))) return;
      this.#zeroMs = this.#createdMs + (shownTicks * 1000) / track.timescale;
      this.#begin();
    }
    const offsetS = (this.#createdMs - this.#zeroMs) / 1000;
    const atS = shownTicks / track.timescale + offsetS;
    if (atS < 0 && kind === 'audio') return;
    const decodedS = fragment.dtsTicks / track.timescale + offsetS;
    if (track.newestS !== null && decodedS < track.newestS - BACK_S) {
      this.#onTrouble();
      return;
    }
    if (track.skipToS !== null) {
      if (decodedS <= track.skipToS + TINY_S) return;
      track.skipToS = null;
    }
    track.newestS = Math.max(track.newestS ?? 0, decodedS);
    if (kind === 'video') {
      lengthen(bytes, Math.round(PICTURE_S * track.timescale));
      if (key) this.#keysS = [...this.#keysS, atS].slice(-MAX_KEYS);
    }
    track.appender.media(bytes, key);
  }

  /** Hands the epoch's init segments on, once it is known where the time line begins. */
  #begin() {
    if (this.#zeroMs === null) return;
    const offsetS = (this.#createdMs - this.#zeroMs) / 1000;
    for (const track of this.#tracks.values()) {
      const { init: bytes, type, begun } = track;
      track.init = null;
      if (bytes === null) continue;
      if (begun?.type === type && begun.offsetS === offsetS && same(begun.bytes, bytes)) {
        // The same epoch from another connection, begun at a keyframe that is there already: it is taken up where the
        // old one ended, in the middle of a group of pictures, which another init segment would not allow.
        track.skipToS = track.newestS;
        continue;
      }
      track.begun = { bytes, type, offsetS };
      track.skipToS = null;
      track.appender.init(bytes, type, offsetS);
    }
  }

  /** Newest time that all tracks have, on the element's time line. */
  edgeS(): number | null {
    const newest = [...this.#tracks.values()].map((track) => track.newestS);
    const known = newest.filter((one) => one !== null);
    return known.length === 0 || known.length < newest.length ? null : Math.min(...known);
  }

  /** What can be played, on the element's time line. */
  ranges(): [number, number][] {
    const { buffered } = this.#video;
    return Array.from({ length: buffered.length }, (_, at) => [buffered.start(at), buffered.end(at)]);
  }

  /** The engine's time of a place on the element's time line; null until it has begun. */
  engineMs(atS: number): number | null {
    return this.#zeroMs === null ? null : this.#zeroMs + atS * 1000;
  }

  dropped(): number {
    return [...this.#tracks.values()].reduce((sum, track) => sum + track.appender.dropped, 0);
  }

  /** Lets go of what was played, up to a keyframe: removing one takes all that hangs on it. */
  trim(): void {
    const keepFromS = this.#video.currentTime - KEEP_S;
    const audioOnly = !this.#tracks.has('video');
    const toS = audioOnly ? keepFromS : this.#keysS.findLast((at) => at <= keepFromS);
    if (toS === undefined || toS <= 0) return;
    this.#keysS = this.#keysS.filter((at) => at >= toS);
    // A little before the keyframe, so that rounding never takes the keyframe itself.
    for (const { appender } of this.#tracks.values()) appender.trim(toS - 0.001);
  }

  destroy(): void {
    this.#over = true;
    for (const { appender } of this.#tracks.values()) appender.detach();
    URL.revokeObjectURL(this.#url);
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function types(tracks: Tracks): [TrackKind, string][] {
  const all: [TrackKind, string][] = [];
  if (tracks.video !== null) all.push(['video', typeOf('video', tracks.video)]);
  if (tracks.audio !== null) all.push(['audio', typeOf('audio', tracks.audio)]);
  return all;
}
