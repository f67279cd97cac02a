// Plays over WebRTC: a WHEP client (draft-ietf-wish-whep; the exchange is that of RFC 9725).
import type { EngineClock } from './clock';
import { HAVE_PICTURE, play, type Ear, type Playback } from './ear';
import { behindS, read, type Reading } from './webrtc-stats';

/** How often the statistics are read. */
export const LOOK_MS = 400;
const REPORT_MS = 1000;
const WAITING_MS = 2000;
/** Wait before asking again for a stream that is not there yet, unless the server names another. */
const NOT_YET_MS = 1000;
const MAX_WORDS = 300;

const REFUSED = 'This stream cannot be played over WebRTC.';

/** True when this browser has WebRTC that takes H.264. */
export function hasWebRtc(page: Window & typeof globalThis = window): boolean {
  if (page.RTCPeerConnection === undefined) return false;
  const codecs = page.RTCRtpReceiver?.getCapabilities?.('video')?.codecs;
  return codecs === undefined || codecs.some((codec) => /h264/i.test(codec.mimeType));
}

/** Opus is decoded in mono unless the receiver says that it wants both channels (RFC 7587 s6.1). */
export function withStereo(sdp: string): string {
  const payload = /^a=rtpmap:(\d+) opus\/48000/im.exec(sdp)?.[1];
  if (payload === undefined) return sdp;
  return sdp.replace(new RegExp(`^(a=fmtp:${payload} )(?!.*\\bstereo=)`, 'm'), '$1stereo=1;');
}

type Answer =
  | { is: 'answer'; sdp: string; session: string | null }
  /** Nothing is published yet. */
  | { is: 'not-yet'; waitMs: number }
  /** Not for this stream, with the server's sentence. */
  | { is: 'refused'; words: string }
  | { is: 'failed' };

async function offer(url: string, sdp: string, signal: AbortSignal): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp' },
    body: sdp,
    signal,
  });
  const text = await response.text();
  if (response.status === 201) {
    const at = response.headers.get('location');
    return { is: 'answer', sdp: text, session: at === null ? null : new URL(at, url).href };
  }
  if (response.status === 409) {
    const s = Number(response.headers.get('retry-after'));
    return { is: 'not-yet', waitMs: s > 0 && s < 60 ? s * 1000 : NOT_YET_MS };
  }
  // 503: too many viewers, which passes. The others do not while the stream stays as it is.
  if (response.status < 500) {
    return { is: 'refused', words: text.trim().slice(0, MAX_WORDS) || REFUSED };
  }
  return { is: 'failed' };
}

/** Only H.264 and what repairs it: what else this browser could decode is never sent. */
function preferH264(transceiver: RTCRtpTransceiver) {
  const codecs = RTCRtpReceiver.getCapabilities?.('video')?.codecs ?? [];
  const wanted = codecs.filter((codec) => /\/(h264|rtx|red|ulpfec|flexfec-03)$/i.test(codec.mimeType));
  if (wanted.some((codec) => /h264/i.test(codec.mimeType))) transceiver.setCodecPreferences?.(wanted);
}

/** Shows each picture as soon as it is there. */
function hurry(receiver: RTCRtpReceiver & { jitterBufferTarget?: number | null; playoutDelayHint?: number }) {
  if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = 0;
  if ('playoutDelayHint' in receiver) receiver.playoutDelayHint = 0;
}

export function playWhep(video: HTMLVideoElement, at: string, ear: Ear, clock: EngineClock): Playback {
  const url = new URL(at, location.href).href;
  const leaving = new AbortController();
  const peer = new RTCPeerConnection({ iceServers: [], bundlePolicy: 'max-bundle' });
  const stream = new MediaStream();
  let session: string | null = null;
  let wanted = true;
  let last: Reading | null = null;
  let reading: Reading | null = null;
  let latencyS: number | null = null;
  let movedAtMs = performance.now();
  let asking: ReturnType<typeof setTimeout> | undefined;
  let over = false;

  const moved = () => {
    movedAtMs = performance.now();
    ear.moved(latencyS);
  };
  const start = () => {
    if (wanted) void play(video, ear);
  };

  peer.ontrack = ({ track, receiver }) => {
    hurry(receiver);
    stream.addTrack(track);
  };
  peer.onconnectionstatechange = () => {
    // `disconnected` may heal by itself; a picture that stands still meanwhile is noticed as such.
    if (peer.connectionState === 'failed') ear.failed();
  };

  const negotiate = async () => {
    const description = await peer.createOffer();
    const sdp = withStereo(description.sdp ?? '');
    await peer.setLocalDescription({ type: 'offer', sdp });
    await ask(sdp);
  };

  /** The server learns this side's addresses from its checks (ICE-lite), so nothing is waited for. */
  const ask = async (sdp: string): Promise<void> => {
    const answer = await offer(url, sdp, leaving.signal);
    if (answer.is === 'answer') session = answer.session;
    if (over) return leave();
    switch (answer.is) {
      case 'answer':
        await peer.setRemoteDescription({ type: 'answer', sdp: answer.sdp });
        break;
      case 'not-yet':
        asking = setTimeout(() => ask(sdp).catch(failed), answer.waitMs);
        break;
      case 'refused':
        ear.refused(answer.words);
        break;
      case 'failed':
        ear.failed();
    }
  };
  const failed = () => {
    if (!over) ear.failed();
  };

  const look = async () => {
    const now = read(await peer.getStats());
    if (over) return;
    const played = now.framesDecoded - (last?.framesDecoded ?? 0);
    // A receiver of sound plays silence for what is missing; the picture is what tells.
    latencyS = behindS(now, last, clock.known() ? clock.nowMs() : null) ?? latencyS;
    last = reading = now;
    if (played > 0) moved();
  };

  const report = () => {
    const still = performance.now() - movedAtMs >= WAITING_MS;
    ear.report({
      waiting: video.readyState < HAVE_PICTURE || still,
      behindS: still || video.paused ? null : latencyS,
      lostPackets: reading?.lostPackets ?? null,
    });
  };

  const leave = () => {
    // Also while the page is going away.
    if (session !== null) void fetch(session, { method: 'DELETE', keepalive: true }).catch(() => undefined);
    session = null;
  };
  const hide = () => {
    leave();
    peer.close();
  };
  /** A page that was put aside whole comes back without its connection. */
  const back = (event: PageTransitionEvent) => {
    if (event.persisted) ear.failed();
  };

  preferH264(peer.addTransceiver('video', { direction: 'recvonly', streams: [stream] }));
  peer.addTransceiver('audio', { direction: 'recvonly', streams: [stream] });
  video.srcObject = stream;
  video.addEventListener('loadedmetadata', start);
  video.addEventListener('loadeddata', moved);
  window.addEventListener('pagehide', hide);
  window.addEventListener('pageshow', back);
  const looking = setInterval(() => void look().catch(() => undefined), LOOK_MS);
  const reporting = setInterval(report, REPORT_MS);
  negotiate().catch(failed);

  return {
    jumpToLive() {
      wanted = true;
      start();
    },
    pause() {
      wanted = false;
      video.pause();
    },
    // The session stays: media comes back into it.
    hold: () => undefined,
    destroy() {
      over = true;
      clearTimeout(asking);
      clearInterval(looking);
      clearInterval(reporting);
      leaving.abort();
      window.removeEventListener('pagehide', hide);
      window.removeEventListener('pageshow', back);
      video.removeEventListener('loadedmetadata', start);
      video.removeEventListener('loadeddata', moved);
      hide();
      peer.onconnectionstatechange = null;
      video.srcObject = null;
    },
  };
}
