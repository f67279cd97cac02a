import { expect, test } from 'vitest';
import { FrameCount } from './figures';

const element = (frames: number, droppedVideoFrames = 0) =>
  ({
    videoWidth: 1280,
    videoHeight: 720,
    getVideoPlaybackQuality: () => ({ totalVideoFrames: frames, droppedVideoFrames }),
  }) as HTMLVideoElement;

test('pictures a second are those between two looks at one element', () => {
  const count = new FrameCount();
  const video = element(100, 4);
  expect(count.read(video, 0)).toEqual({ width: 1280, height: 720, fps: null, droppedFrames: 0 });
  // Just begun it still catches up, which is no rate.
  Object.assign(video, element(170, 4));
  expect(count.read(video, 1000).fps).toBeNull();
  Object.assign(video, element(215, 5));
  expect(count.read(video, 2500)).toMatchObject({ fps: 30, droppedFrames: 1 });
  Object.assign(video, element(3));
  expect(count.read(video, 3500).fps).toBeNull();
  expect(count.read(element(500), 4500).fps).toBeNull();
});

test('an element that tells nothing', () => {
  const video = { videoWidth: 0, videoHeight: 0 } as HTMLVideoElement;
  expect(new FrameCount().read(video, 0)).toEqual({
    width: null,
    height: null,
    fps: null,
    droppedFrames: null,
  });
});
