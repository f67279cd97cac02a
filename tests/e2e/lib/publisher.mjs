// An encoder as people have one: ffmpeg with a moving picture and a tone, in real time.
import { end, start } from './processes.mjs';

/** Publishes to `url` until ended. Keyframes every second; picture and sound as small as still looks like video. */
export function startPublisher(t, url, { size = '640x360', keyframeEvery = 30, bFrames = 0 } = {}) {
  // The tuning for low delay and the baseline profile know no B-frames.
  const picture = bFrames === 0 ? ['-tune', 'zerolatency', '-profile:v', 'baseline'] : ['-bf', `${bFrames}`];
  const running = start(t, '/usr/bin/ffmpeg', [
    ...['-hide_banner', '-loglevel', 'error', '-re'],
    ...['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=30`],
    ...['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000'],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', ...picture],
    ...['-pix_fmt', 'yuv420p', '-g', `${keyframeEvery}`, '-keyint_min', `${keyframeEvery}`, '-sc_threshold', '0', '-b:v', '800k'],
    ...['-c:a', 'aac', '-b:a', '96k', '-ac', '2', '-f', 'flv', url],
  ]);
  running.child.stdout.resume();
  return {
    /** As a camera whose battery is pulled out: no goodbye. */
    pullThePlug: () => end(running, 'SIGKILL'),
  };
}
