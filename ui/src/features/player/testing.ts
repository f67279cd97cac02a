// What the player's tests have in common: boxes, and stand-ins for what browsers bring.
import { vi } from 'vitest';
import type { Ear } from './ear';

const word = (value: number) => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256);

export function box(kind: string, ...content: (number[] | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const body = content.flatMap((part) => [...part]);
  return new Uint8Array([...word(body.length + 8), ...[...kind].map((c) => c.charCodeAt(0)), ...body]);
}

/** An init segment with nothing in it but its timescale. */
export function initSegment(timescale: number): Uint8Array<ArrayBuffer> {
  const mdhd = box('mdhd', word(0), word(0), word(0), word(timescale), word(0));
  const moov = box('moov', box('mvhd', word(0)), box('trak', box('tkhd', word(0)), box('mdia', mdhd)));
  return new Uint8Array([...box('ftyp', word(0)), ...moov]);
}

/** One sample, told of as the engine does: defaults in `tfhd`, offset, size and (if any) `cts` in `trun`. */
export function fragment(
  dts: number,
  { key = true, cts = 0, duration = 3000, count = 1 } = {},
): Uint8Array<ArrayBuffer> {
  const tfhd = box('tfhd', word(0x020028), word(1), word(duration), word(key ? 0x02000000 : 0x01010000));
  const tfdt = box('tfdt', word(0x01000000), word(Math.floor(dts / 2 ** 32)), word(dts % 2 ** 32));
  const sample = cts === 0 ? [word(4)] : [word(4), word(cts)];
  const trun = box('trun', word(0x01000201 + (cts === 0 ? 0 : 0x800)), word(count), word(100), ...sample);
  const moof = box('moof', box('mfhd', word(0), word(1)), box('traf', tfhd, tfdt, trun));
  return new Uint8Array([...moof, ...box('mdat', word(0))]);
}

export function listener() {
  return {
    report: vi.fn<Ear['report']>(),
    moved: vi.fn<Ear['moved']>(),
    refused: vi.fn<Ear['refused']>(),
    failed: vi.fn<Ear['failed']>(),
    denied: vi.fn<Ear['denied']>(),
  };
}

export function ranges(...all: [number, number][]): TimeRanges {
  return {
    length: all.length,
    start: (at) => all[at]?.[0] ?? NaN,
    end: (at) => all[at]?.[1] ?? NaN,
  };
}

/** Takes what it is given only when `finish` is called. */
export class FakeSourceBuffer extends EventTarget {
  mode = '';
  updating = false;
  timestampOffset = 0;
  buffered = ranges();
  types: string[];
  appended: Uint8Array[] = [];
  removed: number[] = [];
  /** Thrown by the next append. */
  refuses: Error | null = null;

  constructor(type: string) {
    super();
    this.types = [type];
  }
  changeType(type: string) {
    this.types.push(type);
  }
  appendBuffer(bytes: Uint8Array) {
    if (this.refuses !== null) {
      const error = this.refuses;
      this.refuses = null;
      throw error;
    }
    this.updating = true;
    this.appended.push(bytes);
  }
  remove(_from: number, to: number) {
    this.updating = true;
    this.removed.push(to);
  }
  finish() {
    this.updating = false;
    this.dispatchEvent(new Event('updateend'));
  }
}

export class FakeMediaSource extends EventTarget {
  static all: FakeMediaSource[] = [];
  static takes = (_type: string) => true;
  static isTypeSupported(type: string) {
    return FakeMediaSource.takes(type);
  }
  duration = NaN;
  buffers: FakeSourceBuffer[] = [];
  constructor() {
    super();
    FakeMediaSource.all.push(this);
  }
  addSourceBuffer(type: string) {
    const made = new FakeSourceBuffer(type);
    this.buffers.push(made);
    return made;
  }
  open() {
    this.dispatchEvent(new Event('sourceopen'));
  }
}

export class FakeSocket {
  static all: FakeSocket[] = [];
  binaryType = '';
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  closed = false;
  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }
  close() {
    this.closed = true;
  }
  say(value: unknown) {
    this.onmessage?.({ data: JSON.stringify(value) });
  }
  send(kind: number, bytes: Uint8Array) {
    this.onmessage?.({ data: new Uint8Array([kind, ...bytes]).buffer });
  }
  drop() {
    this.onclose?.();
  }
}
