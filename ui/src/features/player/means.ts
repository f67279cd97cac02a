// What a view can play, and how each way is started on an element.
import { clockOf } from './clock';
import type { Ear, Playback } from './ear';
import { playHlsJs, playNative } from './playback';
import { choosePath, probeSupport, type Path } from './policy';
import { playSocket } from './socket';
import type { Addresses, Means, Way } from './ways';
import { hasWebRtc, playWhep } from './whep';

/** What this browser can play. */
export interface Abilities {
  path: Path;
  means: Means;
}

export function probeAbilities(page: Window & typeof globalThis = window): Abilities {
  const support = probeSupport(page);
  const socket = support.mediaSource && support.codecs && page.WebSocket !== undefined;
  return abilitiesOf(choosePath(support), { webrtc: hasWebRtc(page), socket });
}

export function abilitiesOf(path: Path, more: Partial<Means> = {}): Abilities {
  const hls = path.way === 'none' ? null : path.way;
  return { path, means: { webrtc: false, socket: false, ...more, hls } };
}

/** Begins to play `way` on `video`. Rejects when the code for it cannot be loaded. */
export async function startWay(
  way: Way,
  video: HTMLVideoElement,
  at: Addresses,
  ear: Ear,
): Promise<Playback> {
  const clock = clockOf(at.hls);
  switch (way) {
    case 'webrtc':
      return playWhep(video, at.whep ?? '', ear, clock);
    case 'socket':
      return playSocket(video, at.live ?? '', ear, clock);
    case 'll-hls':
      return playHlsJs(video, at.hls, ear, clock, 'near');
    case 'hls':
      return playHlsJs(video, at.hls, ear, clock, 'calm');
    case 'native':
      return playNative(video, at.hls, ear, clock);
  }
}
