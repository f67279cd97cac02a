// The live socket: single pictures and sounds over a WebSocket into Media Source Extensions, for views without WebRTC.
import { Chase, limitsFor } from './chase';
import type { EngineClock } from './clock';
import { HAVE_PICTURE, onMotion, play, type Ear, type Playback } from './ear';
import { LiveMedia, typeOf } from './live-media';
import { readBinary, readText, type Said, type Tracks } from './live-messages';
import { sourceClass } from './policy';
import { Retry } from './retry';

const PULSE_MS = 100;
const REPORT_MS = 1000;
/** A picture that stood still for this long is said to wait. */
const WAITING_MS = 2000;

const CANNOT_DECODE = 'This browser cannot decode the form of this stream.';

export function playSocket(
  video: HTMLVideoElement,
  url: string,
  ear: Ear,
  clock: EngineClock,
  limits = limitsFor(navigator.userAgent),
): Playback {
  let socket: WebSocket | null = null;
  let media: LiveMedia | null = null;
  let chase = new Chase(limits);
  let wanted = true;
  let movedAtMs = performance.now();

  const rebuild = (tracks: Tracks) => {
    media?.destroy();
    chase = new Chase(limits);
    video.playbackRate = 1;
    media = new LiveMedia(video, tracks, pulse, startAnew);
    if (wanted) void play(video, ear);
  };

  /** What is buffered cannot be gone on with: a new connection begins with a keyframe. */
  const startAnew = () => {
    media?.destroy();
    media = null;
    disconnect();
    retry.later();
  };

  const onTracks = (tracks: Tracks) => {
    clock.hint(tracks.nowMs);
    if (!decodes(tracks)) {
      ear.refused(CANNOT_DECODE);
      disconnect();
    } else if (media?.takes(tracks) === true) {
      media.follow(tracks);
    } else {
      rebuild(tracks);
    }
  };

  const onSaid = (said: Said | null) => {
    if (said?.is === 'tracks') onTracks(said);
    // What was skipped is a gap like any other, and the end is followed by the close.
  };

  const connect = () => {
    if (socket !== null || !wanted) return;
    let made: WebSocket;
    try {
      made = new WebSocket(url);
    } catch {
      // The page's policy does not allow it, and never will.
      ear.failed();
      return;
    }
    socket = made;
    made.binaryType = 'arraybuffer';
    made.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (socket !== made) return;
      if (typeof data === 'string') {
        onSaid(readText(data));
      } else if (data instanceof ArrayBuffer) {
        const carried = readBinary(data);
        if (carried === null) return;
        if (carried.is === 'media') retry.succeeded();
        media?.[carried.is](carried.kind, carried.bytes);
      }
    };
    made.onclose = () => {
      if (socket !== made) return;
      socket = null;
      if (wanted) retry.later();
    };
  };

  const disconnect = () => {
    const open = socket;
    socket = null;
    if (open !== null) open.onmessage = open.onclose = null;
    open?.close();
  };

  const pulse = () => {
    if (media === null) return;
    const move = chase.look({
      nowMs: performance.now(),
      currentTimeS: video.currentTime,
      edgeS: media.edgeS(),
      ranges: media.ranges(),
      paused: video.paused,
      seeking: video.seeking,
    });
    if (move.seekS !== undefined) video.currentTime = move.seekS;
    if (move.rate !== undefined) video.playbackRate = move.rate;
  };

  const behindS = () => {
    const playingMs = media?.engineMs(video.currentTime) ?? null;
    if (playingMs === null || !clock.known()) return null;
    const s = (clock.nowMs() - playingMs) / 1000;
    // Sound may be a little ahead of its time.
    return s > -1 && s < 120 ? Math.max(0, s) : null;
  };

  const onUnderrun = () => chase.underran(performance.now());
  const beat = () => {
    pulse();
    media?.trim();
  };
  const report = () => {
    const still = performance.now() - movedAtMs >= WAITING_MS;
    ear.report({
      waiting: video.readyState < HAVE_PICTURE || still,
      behindS: still || video.paused ? null : behindS(),
    });
  };
  const stopMotion = onMotion(video, () => {
    movedAtMs = performance.now();
    ear.moved(behindS());
  });
  const retry = new Retry(connect);
  const beating = setInterval(beat, PULSE_MS);
  const reporting = setInterval(report, REPORT_MS);
  video.addEventListener('waiting', onUnderrun);
  video.addEventListener('error', startAnew);
  connect();

  return {
    jumpToLive() {
      wanted = true;
      const edgeS = media?.edgeS() ?? null;
      const last = media?.ranges().at(-1);
      // After a pause there is nothing new yet: the gap is jumped when there is.
      if (socket !== null && edgeS !== null && last !== undefined && chase.begun) {
        video.currentTime = chase.liveS(edgeS, last);
      }
      connect();
      void play(video, ear);
    },
    pause() {
      wanted = false;
      video.pause();
      // Nobody looks at what would come meanwhile.
      disconnect();
      retry.stop();
    },
    hold(held) {
      retry.held = held;
    },
    destroy() {
      wanted = false;
      clearInterval(beating);
      clearInterval(reporting);
      stopMotion();
      retry.stop();
      video.removeEventListener('waiting', onUnderrun);
      video.removeEventListener('error', startAnew);
      disconnect();
      media?.destroy();
      video.removeAttribute('src');
      video.load();
    },
  };
}

function decodes(tracks: Tracks): boolean {
  const Source = sourceClass();
  const can = (kind: 'video' | 'audio', codec: string | null) =>
    codec === null || Source?.isTypeSupported(typeOf(kind, codec)) === true;
  return can('video', tracks.video) && can('audio', tracks.audio);
}
