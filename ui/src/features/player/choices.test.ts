import { expect, test } from 'vitest';
import { choices } from './choices';
import { begin, step, waysFor, type Addresses, type Means } from './ways';

const at: Addresses = { hls: 'h', whep: 'w', live: 'l' };
const means: Means = { webrtc: true, socket: true, hls: 'hls.js' };
const rows = (can: Means, where: Addresses, state = begin(waysFor(can, where), 'auto', 0), nowMs = 0) =>
  choices(state, can, where, nowMs).map(({ name, possible, why }) => [name, possible, why]);

test('all ways, best first', () => {
  expect(rows(means, at)).toEqual([
    ['Automatic', true, null],
    ['WebRTC', true, null],
    ['Low latency', true, null],
    ['LL-HLS', true, null],
    ['HLS', true, null],
  ]);
});

test('what is not there says why', () => {
  const none = rows({ ...means, webrtc: false }, at);
  expect(none[1]).toEqual(['WebRTC', false, 'H.264 video cannot be played over WebRTC here.']);
  expect(rows(means, { ...at, whep: null })[1]).toEqual([
    'WebRTC',
    false,
    'Not offered for this stream now.',
  ]);
  expect(rows({ webrtc: true, socket: false, hls: 'native' }, at).map(([name]) => name)).toEqual([
    'Automatic',
    'WebRTC',
    'Low latency',
    'HLS',
  ]);
});

test('what was refused says so in the server’s words, what failed when it is tried again', () => {
  const refused = step(begin(waysFor(means, at), 'auto', 0), { is: 'refused', id: 1, words: 'No.' }, 0);
  expect(rows(means, at, refused)[1]).toEqual(['WebRTC', true, 'No.']);
  const failed = step(begin(waysFor(means, at), 'auto', 0), { is: 'failed', id: 1 }, 0);
  expect(rows(means, at, failed, 3500)[1]?.[2]).toBe('Did not play. Tried again in 7 s.');
  expect(rows(means, at, failed, 10_000)[1]?.[2]).toBeNull();
});
