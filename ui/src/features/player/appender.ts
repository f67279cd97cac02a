// One SourceBuffer and what waits to be put into it.

type Waiting =
  | { is: 'init'; bytes: Uint8Array<ArrayBuffer>; type: string; offsetS: number }
  | { is: 'media'; bytes: Uint8Array<ArrayBuffer>; key: boolean };

/**
 * What may wait at most; about four seconds of ordinary pictures. Over it, everything older than the newest keyframe
 * that waits is dropped, and if none waits, all media until the next one.
 */
export const MAX_WAITING_BYTES = 8 * 1024 * 1024;
export const MAX_WAITING_UNITS = 240;

export class Appender {
  #buffer: SourceBuffer | null = null;
  #type: string;
  #queue: Waiting[] = [];
  #bytes = 0;
  #units = 0;
  #waitsForKey = false;
  #removeToS: number | null = null;
  #full = false;
  #onTrouble: () => void;
  #onAppended: () => void;
  /** Units that were not played because the browser was too slow. */
  dropped = 0;

  constructor(type: string, onAppended: () => void, onTrouble: () => void) {
    this.#type = type;
    this.#onAppended = onAppended;
    this.#onTrouble = onTrouble;
  }

  /** From now on what waits can be appended. */
  attach(buffer: SourceBuffer): void {
    this.#buffer = buffer;
    buffer.mode = 'segments';
    buffer.addEventListener('updateend', this.#done);
    buffer.addEventListener('error', this.#onTrouble);
    this.#pump();
  }

  detach(): void {
    this.#buffer?.removeEventListener('updateend', this.#done);
    this.#buffer?.removeEventListener('error', this.#onTrouble);
    this.#buffer = null;
    this.#queue = [];
  }

  ranges(): [number, number][] {
    const all: [number, number][] = [];
    const buffered = this.#buffer?.buffered;
    for (let at = 0; at < (buffered?.length ?? 0); at += 1) {
      all.push([buffered?.start(at) ?? 0, buffered?.end(at) ?? 0]);
    }
    return all;
  }

  /** An init segment of codec `type`, whose media is to be placed `offsetS` later than it says. */
  init(bytes: Uint8Array<ArrayBuffer>, type: string, offsetS: number): void {
    this.#queue.push({ is: 'init', bytes, type, offsetS });
    this.#waitsForKey = false;
    this.#pump();
  }

  media(bytes: Uint8Array<ArrayBuffer>, key: boolean): void {
    if (this.#waitsForKey && !key) {
      this.dropped += 1;
      return;
    }
    this.#waitsForKey = false;
    this.#queue.push({ is: 'media', bytes, key });
    this.#bytes += bytes.length;
    this.#units += 1;
    if (this.#bytes > MAX_WAITING_BYTES || this.#units > MAX_WAITING_UNITS) this.#overflow();
    this.#pump();
  }

  /** What lies before `toS` is no longer needed. It must be a place where decoding can start. */
  trim(toS: number): void {
    const from = this.ranges()[0]?.[0];
    // Not for every little piece: a removal costs as much as an append.
    if (from === undefined || from > toS - 1) return;
    this.#removeToS = toS;
    this.#pump();
  }

  #overflow() {
    const newest = this.#queue.findLastIndex((one) => one.is === 'media' && one.key);
    // What waits from a keyframe on is kept only if that makes room.
    const keep = newest > 0 ? newest : this.#queue.length;
    this.#queue = this.#queue.filter((one, at) => one.is === 'init' || at >= keep);
    const media = this.#queue.filter((one) => one.is === 'media');
    this.dropped += this.#units - media.length;
    this.#units = media.length;
    this.#bytes = media.reduce((sum, one) => sum + one.bytes.length, 0);
    this.#waitsForKey = media.length === 0;
  }

  #done = () => {
    this.#full = false;
    this.#onAppended();
    this.#pump();
  };

  #pump() {
    const buffer = this.#buffer;
    if (buffer === null || buffer.updating) return;
    try {
      if (this.#removeToS !== null) {
        const toS = this.#removeToS;
        this.#removeToS = null;
        buffer.remove(0, toS);
      } else if (!this.#full) {
        this.#append(buffer);
      }
    } catch (error) {
      if (error instanceof DOMException && error.name === 'QuotaExceededError') this.#full = true;
      else this.#onTrouble();
    }
  }

  #append(buffer: SourceBuffer) {
    const first = this.#queue[0];
    if (first === undefined) return;
    if (first.is === 'init') {
      if (first.type !== this.#type) buffer.changeType(first.type);
      this.#type = first.type;
      if (buffer.timestampOffset !== first.offsetS) buffer.timestampOffset = first.offsetS;
      buffer.appendBuffer(first.bytes);
      this.#queue.shift();
      return;
    }
    // All that waits in one go: an append costs much the same whatever its length.
    const until = this.#queue.findIndex((one) => one.is === 'init');
    const batch = until === -1 ? this.#queue : this.#queue.slice(0, until);
    buffer.appendBuffer(joined(batch.map((one) => one.bytes)));
    this.#queue = this.#queue.slice(batch.length);
    this.#units -= batch.length;
    this.#bytes -= batch.reduce((sum, one) => sum + one.bytes.length, 0);
  }
}

function joined(parts: Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
