import { expect, test } from 'vitest';
import { readBinary, readText } from './live-messages';

const tracks = {
  type: 'tracks',
  epoch: 7,
  createdMs: 1000,
  nowMs: 2000,
  video: { codec: 'avc1.64001f', width: 1280, height: 720 },
  audio: { codec: 'mp4a.40.2' },
};
const read = (value: unknown) => readText(JSON.stringify(value));

test('tracks', () => {
  const epoch = { is: 'tracks', epoch: 7, createdMs: 1000, nowMs: 2000 };
  expect(read(tracks)).toEqual({ ...epoch, video: 'avc1.64001f', audio: 'mp4a.40.2' });
  expect(read({ ...tracks, audio: null })).toEqual({ ...epoch, video: 'avc1.64001f', audio: null });
});

test.each([
  ['no track', { ...tracks, video: null, audio: null }],
  ['a codec that is none', { ...tracks, video: { codec: 'avc1", text/html' } }],
  ['a codec that is no text', { ...tracks, audio: { codec: 4 } }],
  ['no time', { ...tracks, createdMs: null }],
  ['another type', { type: 'later' }],
  ['no object', 7],
])('%s is not believed', (_name, value) => {
  expect(read(value)).toBeNull();
});

test('the others', () => {
  expect(read({ type: 'skipped', units: 42 })).toEqual({ is: 'skipped', units: 42 });
  expect(read({ type: 'end' })).toEqual({ is: 'end' });
  expect(readText('{')).toBeNull();
});

test.each([
  [0x00, { kind: 'video', is: 'init' }],
  [0x01, { kind: 'audio', is: 'init' }],
  [0x10, { kind: 'video', is: 'media' }],
  [0x11, { kind: 'audio', is: 'media' }],
])('media of kind %i', (first, expected) => {
  const bytes = new Uint8Array(10).fill(5);
  expect(readBinary(new Uint8Array([first, ...bytes]).buffer)).toEqual({ ...expected, bytes });
});

test('media of no known kind, or too short to be any', () => {
  expect(readBinary(new Uint8Array(20).fill(9).buffer)).toBeNull();
  expect(readBinary(new ArrayBuffer(8))).toBeNull();
  expect(readBinary(new ArrayBuffer(0))).toBeNull();
});
