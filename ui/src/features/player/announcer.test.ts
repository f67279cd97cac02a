import { expect, test } from 'vitest';
import { Announcer, SAY_EVERY_MS } from './announcer';
import type { Way, Ways, Wish } from './ways';

type Seen = Pick<Ways, 'shown' | 'wish' | 'refused'>;

const seen = (
  way: Way,
  refused: Ways['refused'] = {},
  wish: Wish = 'auto',
  pictureAtMs: number | null = 0,
): Seen => ({
  shown: { id: 1, way, sinceMs: 0, pictureAtMs, movedAtMs: 0, bad: false, failed: false },
  wish,
  refused,
});
const B_FRAMES = 'The picture has B-frames.';

test('the first way is no news, another one is', () => {
  const announcer = new Announcer();
  expect(announcer.look(seen('webrtc', {}, 'auto', null), 0)).toBeNull();
  expect(announcer.look(seen('webrtc'), 10)).toBeNull();
  expect(announcer.look(seen('socket'), 20)).toBe('Now playing by Low latency: WebRTC did not play.');
  expect(announcer.look(seen('socket'), 60_000)).toBeNull();
  expect(announcer.look(seen('webrtc'), 60_010)).toBe('Now playing by WebRTC.');
});

test('what the viewer chose is no news', () => {
  const announcer = new Announcer();
  announcer.look(seen('webrtc'), 0);
  expect(announcer.look(seen('hls', {}, 'hls'), 10)).toBeNull();
  expect(announcer.look(seen('native', {}, 'hls'), 20)).toBe('Now playing by HLS: HLS did not play.');
});

test('why a way is refused is said once, also where another one began', () => {
  const announcer = new Announcer();
  expect(announcer.look(seen('socket', { webrtc: B_FRAMES }), 0)).toBe(B_FRAMES);
  expect(announcer.look(seen('socket', { webrtc: B_FRAMES }), 60_000)).toBeNull();
  // Forgiven, tried again, refused again.
  expect(announcer.look(seen('socket'), 70_000)).toBeNull();
  expect(announcer.look(seen('socket', { webrtc: B_FRAMES }), 80_000)).toBeNull();
  // It played in between.
  expect(announcer.look(seen('webrtc'), 90_000)).toBe('Now playing by WebRTC.');
  expect(announcer.look(seen('socket', { webrtc: B_FRAMES }), 100_000)).toBe(
    `${B_FRAMES} Now playing by Low latency.`,
  );
});

test('changes in quick succession are told when they have come to rest, and not at all when they lead back', () => {
  const announcer = new Announcer();
  announcer.look(seen('webrtc'), 0);
  expect(announcer.look(seen('socket'), 10)).not.toBeNull();
  expect(announcer.look(seen('webrtc'), 20)).toBeNull();
  expect(announcer.look(seen('socket'), 30)).toBeNull();
  expect(announcer.look(seen('socket'), 10 + SAY_EVERY_MS)).toBeNull();
  expect(announcer.look(seen('webrtc'), 20 + SAY_EVERY_MS)).toBe('Now playing by WebRTC.');
  expect(announcer.look(seen('hls'), 30 + SAY_EVERY_MS)).toBeNull();
  expect(announcer.look(seen('hls'), 20 + 2 * SAY_EVERY_MS)).toBe('Now playing by HLS: WebRTC did not play.');
});
