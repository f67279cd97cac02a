// HLS: one video element playing one live playlist for as long as the stream lives, whatever happens in between.
import type Hls from 'hls.js';
import type { ErrorData, HlsConfig } from 'hls.js';
import type { EngineClock } from './clock';
import { onMotion, play as askToPlay, type Ear, type Playback } from './ear';
import {
  DEPTH_SEGMENTS,
  behindS,
  fatalAction,
  firstMediaPlaylist,
  listedSegments,
  needsDepth,
} from './policy';
import { Retry } from './retry';
import { Watchdog, type Charge } from './watchdog';

/** Media recoveries further apart than this do not count together. */
const RECOVERY_WINDOW_MS = 20_000;

/** How far behind the newest segment the calm manner plays, seconds. */
const CALM_BEHIND_S = 6;

/** How often a stream that has only just begun is looked at. */
const LOOK_AGAIN_MS = 400;

/** True once the stream at `url` lists enough segments to be joined by a web view that needs some. */
async function isDeepEnough(url: string): Promise<boolean> {
  try {
    const multivariant = await fetch(url);
    const media = firstMediaPlaylist(await multivariant.text(), multivariant.url || url);
    return media !== null && listedSegments(await (await fetch(media)).text()) >= DEPTH_SEGMENTS;
  } catch {
    // What is wrong with the address is hls.js's to find out and to heal.
    return true;
  }
}

/** What a way of playing knows of its live edge. */
type Sight = Pick<Charge, 'liveEdgeS' | 'behindS' | 'targetS'>;

/** What every way of playing does alike: plays while wanted, starts anew with `load`, is watched. */
function steer(video: HTMLVideoElement, load: () => void, sight: Sight, ear: Ear) {
  let wanted = true;
  const play = () => {
    if (wanted) void askToPlay(video, ear);
  };
  const jumpToLive = () => {
    const at = sight.liveEdgeS();
    if (at !== null) video.currentTime = Math.max(0, at);
    wanted = true;
    play();
  };
  const retry = new Retry(load);
  const dog = new Watchdog(video, { ...sight, jumpToLive, rebuild: retry.later }, ear.report);
  const stopMotion = onMotion(video, () => ear.moved(sight.behindS()));
  return {
    play,
    retry,
    jumpToLive,
    pause: () => {
      wanted = false;
      video.pause();
    },
    hold: (held: boolean) => {
      dog.held = held;
      retry.held = held;
    },
    stop: () => {
      dog.stop();
      stopMotion();
      retry.stop();
    },
  };
}

/** How hls.js is to play: as near to the camera as parts allow, or with whole segments in hand against a bad network. */
export type Manner = 'near' | 'calm';

const MANNERS: Record<Manner, Partial<HlsConfig>> = {
  near: { lowLatencyMode: true, maxBufferLength: 12 },
  calm: { lowLatencyMode: false, liveSyncDuration: CALM_BEHIND_S, maxBufferLength: 20 },
};

/** Plays through hls.js. Rejects only when its code cannot be loaded. */
export async function playHlsJs(
  video: HTMLVideoElement,
  url: string,
  ear: Ear,
  clock: EngineClock,
  manner: Manner = 'near',
): Promise<Playback> {
  const { default: HlsJs } = await import('hls.js');
  let hls: Hls | null = null;
  let recoveries: number[] = [];

  const build = () => {
    hls?.destroy();
    hls = new HlsJs({
      ...MANNERS[manner],
      // Without it WebKitGTK ends the element for good at the first underrun.
      liveDurationInfinity: true,
      // Rate changes flush the GStreamer pipeline; lateness is cured by jumping instead.
      maxLiveSyncPlaybackRate: 1,
      backBufferLength: 20,
    });
    hls.on(HlsJs.Events.ERROR, (_, error) => onError(error));
    hls.on(HlsJs.Events.MANIFEST_PARSED, play);
    // The back-off starts anew only once media really arrives, not when a playlist does.
    hls.on(HlsJs.Events.FRAG_BUFFERED, retry.succeeded);
    hls.loadSource(url);
    hls.attachMedia(video);
  };
  const { play, retry, jumpToLive, pause, hold, stop } = steer(
    video,
    build,
    {
      liveEdgeS: () => {
        const at = hls?.liveSyncPosition ?? null;
        return at !== null && Number.isFinite(at) ? at : null;
      },
      behindS: () => behindS(hls?.playingDate?.getTime() ?? null, clock.nowMs(), hls?.latency ?? null),
      targetS: () => hls?.targetLatency ?? null,
    },
    ear,
  );

  const onError = (error: ErrorData) => {
    // Non-fatal ones are hls.js healing itself: holes skipped, requests repeated.
    if (!error.fatal) return;
    const now = Date.now();
    recoveries = recoveries.filter((at) => now - at < RECOVERY_WINDOW_MS);
    if (fatalAction(error.type, recoveries.length) === 'recover-media') {
      recoveries.push(now);
      hls?.recoverMediaError();
      play();
    } else {
      retry.later();
    }
  };

  let looking: ReturnType<typeof setTimeout> | undefined;
  let destroyed = false;
  const join = async () => {
    const ready = await isDeepEnough(url);
    if (destroyed) return;
    if (ready) build();
    else looking = setTimeout(() => void join(), LOOK_AGAIN_MS);
  };
  if (needsDepth(navigator.userAgent)) void join();
  else build();
  return {
    jumpToLive,
    pause,
    hold,
    destroy() {
      destroyed = true;
      clearTimeout(looking);
      stop();
      hls?.destroy();
    },
  };
}

/** Plays through the element itself (Safari on a phone). */
export function playNative(video: HTMLVideoElement, url: string, ear: Ear, clock: EngineClock): Playback {
  const load = () => {
    video.src = url;
    play();
  };
  const liveEdgeS = () =>
    video.seekable.length > 0 ? video.seekable.end(video.seekable.length - 1) - 1 : null;
  const { play, retry, jumpToLive, pause, hold, stop } = steer(
    video,
    load,
    {
      liveEdgeS,
      behindS: () => {
        const at = liveEdgeS();
        return at === null ? null : behindS(null, clock.nowMs(), at + 1 - video.currentTime);
      },
      targetS: () => null,
    },
    ear,
  );

  video.addEventListener('error', retry.later);
  video.addEventListener('ended', retry.later);
  video.addEventListener('playing', retry.succeeded);
  load();
  return {
    jumpToLive,
    pause,
    hold,
    destroy() {
      stop();
      video.removeEventListener('error', retry.later);
      video.removeEventListener('ended', retry.later);
      video.removeEventListener('playing', retry.succeeded);
      video.removeAttribute('src');
      video.load();
    },
  };
}
