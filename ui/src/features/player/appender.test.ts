import { beforeEach, expect, test, vi } from 'vitest';
import { Appender, MAX_WAITING_BYTES, MAX_WAITING_UNITS } from './appender';
import { FakeSourceBuffer, ranges } from './testing';

const TYPE = 'video/mp4; codecs="avc1.64001f"';
const bytes = (...all: number[]) => new Uint8Array(all);

const onTrouble = vi.fn();
let buffer: FakeSourceBuffer;
let appender: Appender;

beforeEach(() => {
  onTrouble.mockClear();
  buffer = new FakeSourceBuffer(TYPE);
  appender = new Appender(TYPE, () => undefined, onTrouble);
});
const attach = () => appender.attach(buffer as unknown as SourceBuffer);

test('what came early waits, and goes in in order, all that waits at once', () => {
  appender.init(bytes(1), TYPE, -50);
  appender.media(bytes(2), true);
  appender.media(bytes(3, 4), false);
  attach();
  expect(buffer.mode).toBe('segments');
  expect([buffer.appended, buffer.timestampOffset]).toEqual([[bytes(1)], -50]);
  buffer.finish();
  expect(buffer.appended.at(-1)).toEqual(bytes(2, 3, 4));
  buffer.finish();
  expect(buffer.appended).toHaveLength(2);
});

test('an epoch of another codec and place', () => {
  attach();
  appender.init(bytes(1), TYPE, -50);
  appender.media(bytes(2), true);
  appender.init(bytes(3), 'video/mp4; codecs="avc1.42c01f"', -40);
  appender.media(bytes(4), true);
  for (let n = 0; n < 3; n += 1) buffer.finish();
  expect(buffer.appended).toEqual([bytes(1), bytes(2), bytes(3), bytes(4)]);
  expect(buffer.types).toEqual([TYPE, 'video/mp4; codecs="avc1.42c01f"']);
  expect(buffer.timestampOffset).toBe(-40);
});

test('too many units: only what waits since the newest keyframe is kept', () => {
  appender.init(bytes(0), TYPE, 0);
  appender.media(bytes(1), true);
  for (let n = 0; n < MAX_WAITING_UNITS - 2; n += 1) appender.media(bytes(2), false);
  appender.media(bytes(3), true);
  expect(appender.dropped).toBe(0);
  appender.media(bytes(4), false);
  expect(appender.dropped).toBe(MAX_WAITING_UNITS - 1);
  attach();
  buffer.finish();
  expect(buffer.appended).toEqual([bytes(0), bytes(3, 4)]);
});

test('too many bytes since one keyframe: nothing more until the next', () => {
  appender.media(new Uint8Array(MAX_WAITING_BYTES), true);
  appender.media(bytes(1), false);
  appender.media(bytes(2), false);
  expect(appender.dropped).toBe(3);
  attach();
  expect(buffer.appended).toEqual([]);
  appender.media(bytes(3), true);
  expect(buffer.appended).toEqual([bytes(3)]);
});

test('what was played is removed, but not for every little piece', () => {
  attach();
  buffer.buffered = ranges([4.5, 20]);
  appender.trim(5);
  expect(buffer.removed).toEqual([]);
  appender.trim(6);
  expect(buffer.removed).toEqual([6]);
});

test('a full buffer waits until something was removed', () => {
  attach();
  buffer.buffered = ranges([0, 20]);
  buffer.refuses = new DOMException('full', 'QuotaExceededError');
  appender.media(bytes(1), true);
  appender.media(bytes(2), false);
  expect([buffer.appended, onTrouble.mock.calls]).toEqual([[], []]);
  appender.trim(10);
  buffer.finish();
  expect(buffer.appended).toEqual([bytes(1, 2)]);
});

test('any other refusal is trouble', () => {
  attach();
  buffer.refuses = new DOMException('gone', 'InvalidStateError');
  appender.media(bytes(1), true);
  expect(onTrouble).toHaveBeenCalledOnce();
  buffer.dispatchEvent(new Event('error'));
  expect(onTrouble).toHaveBeenCalledTimes(2);
});

test('after the end nothing is appended', () => {
  attach();
  appender.detach();
  appender.media(bytes(1), true);
  buffer.finish();
  expect(buffer.appended).toEqual([]);
});
