// The player's decisions as pure functions: how to play, when to try again, when to jump.

/** H.264 baseline and AAC-LC in fragmented MP4: what the console's streams are made of. */
export const NEEDED_TYPE = 'video/mp4; codecs="avc1.42E01E,mp4a.40.2"';

/** What this browser can do, asked once. */
export interface Support {
  /** Media Source Extensions exist in a form hls.js can use, whatever the codecs. */
  mediaSource: boolean;
  /** Media Source Extensions take `NEEDED_TYPE`. */
  codecs: boolean;
  /** The video element plays HLS by itself. */
  nativeHls: boolean;
  linux: boolean;
}

export type Path =
  | { way: 'hls.js' }
  | { way: 'native' }
  /** Cannot play here; `reason` decides the words. */
  | { way: 'none'; reason: 'codecs-linux' | 'codecs' | 'media-source' };

/** hls.js first: browsers that claim native HLS do not always play low-latency streams well. */
export function choosePath(support: Support): Path {
  if (support.mediaSource && support.codecs) return { way: 'hls.js' };
  if (support.nativeHls) return { way: 'native' };
  if (!support.mediaSource) return { way: 'none', reason: 'media-source' };
  return { way: 'none', reason: support.linux ? 'codecs-linux' : 'codecs' };
}

/** `MediaSource`, or what iPhones have in its place. */
export function sourceClass(page: Window & typeof globalThis = window): typeof MediaSource | undefined {
  return page.MediaSource ?? (page as { ManagedMediaSource?: typeof MediaSource }).ManagedMediaSource;
}

export function probeSupport(page: Window & typeof globalThis = window): Support {
  const source = sourceClass(page);
  const video = page.document.createElement('video');
  return {
    mediaSource: source !== undefined,
    codecs: source?.isTypeSupported(NEEDED_TYPE) ?? false,
    nativeHls: video.canPlayType('application/vnd.apple.mpegurl') !== '',
    linux: /linux/i.test(page.navigator.userAgent) && !/android/i.test(page.navigator.userAgent),
  };
}

/** Wait before fetching again after failure number `attempt` (0 = the first): 0.5, 1, 2, 4 s and so on up to 4 s. */
export function retryDelayMs(attempt: number): number {
  return Math.min(4000, 500 * 2 ** Math.min(attempt, 8));
}

/** What hls.js reports as fatal, and what to do about it while the stream is said to be live. */
export function fatalAction(type: string, mediaRecoveriesLately: number): 'recover-media' | 'start-again' {
  // A second decoder failure shortly after a recovery is not cured by the same medicine.
  return type === 'mediaError' && mediaRecoveriesLately < 2 ? 'recover-media' : 'start-again';
}

/** Behind by more than this, a viewer is no longer live: jump. */
export const MAX_BEHIND_S = 8;

/**
 * True when the player has fallen so far behind that it should jump to the live edge. `aheadS` is how much newer
 * media there is: without any, the camera is late and not the player.
 */
export function shouldJump(behindS: number | null, targetS: number | null, aheadS: number | null): boolean {
  if (behindS === null || aheadS === null || aheadS < 1) return false;
  // A stream without low-latency parts is always some seconds behind; jumping would not bring it nearer.
  return behindS > Math.max(MAX_BEHIND_S, (targetS ?? 0) + 4);
}

/**
 * How far behind the camera the picture is, in seconds. The wall clock written into the playlist is the truth when
 * the two clocks agree; a viewer's clock may be wrong, then the distance to the playlist's end has to do.
 */
export function behindS(
  playingAtMs: number | null,
  nowMs: number,
  edgeLatencyS: number | null,
): number | null {
  if (playingAtMs !== null) {
    const s = (nowMs - playingAtMs) / 1000;
    if (s > 0 && s < 120) return s;
  }
  return edgeLatencyS !== null && Number.isFinite(edgeLatencyS) && edgeLatencyS > 0 ? edgeLatencyS : null;
}

/** Seen once a second by the watchdog. */
export interface Pulse {
  currentTimeS: number;
  paused: boolean;
  /** Where live is, as far as the player knows. */
  liveEdgeS: number | null;
}

/** Seconds of standing still after which a jump is tried, and after which everything is built anew. */
export const STALL_JUMP_S = 4;
export const STALL_REBUILD_S = 12;

/** What to do after `stalledS` seconds in which the picture did not move although it should. */
export function stallAction(pulse: Pulse, stalledS: number): 'wait' | 'jump' | 'rebuild' {
  if (pulse.paused) return 'wait';
  const ahead = pulse.liveEdgeS !== null && pulse.liveEdgeS > pulse.currentTimeS + 0.5;
  if (stalledS >= STALL_REBUILD_S && stalledS % STALL_REBUILD_S === 0) return 'rebuild';
  if (ahead && stalledS >= STALL_JUMP_S && stalledS % STALL_JUMP_S === 0) return 'jump';
  return 'wait';
}

/**
 * The address as the console's own player fetches it: marked, so that the engine does not count it as a viewer, and by
 * loopback in the desktop window, which may fetch from this computer alone whatever address is shared with others.
 */
export function asPreview(url: string, page: string = location.href): string {
  const at = new URL(url);
  const { protocol, hostname } = new URL(page);
  if (protocol === 'tauri:' || hostname === 'tauri.localhost') at.hostname = '127.0.0.1';
  at.searchParams.set('viewer', 'preview');
  return at.href;
}

/** `url` at the host of `hls` and with its marks: what is beside a playlist is reached as the playlist is. */
export function besides(url: string, hls: string): string {
  const at = new URL(url);
  const { host, search } = new URL(hls);
  at.host = host;
  at.search = search;
  return at.href;
}

/** Complete segments WebKitGTK needs before it is given a stream; see `needsDepth`. */
export const DEPTH_SEGMENTS = 3;

/**
 * True for WebKitGTK (the window on Linux). Its GStreamer pipeline stops answering, and the page with it, when the first
 * seek meets a stream that has only just begun, so such a stream is joined a little later. Measured with WebKitGTK 2.50.
 */
export function needsDepth(userAgent: string): boolean {
  return (
    /\bLinux\b/.test(userAgent) && /AppleWebKit\/6\d\d/.test(userAgent) && !/Chrom|Android/.test(userAgent)
  );
}

/** Complete segments a media playlist lists. */
export function listedSegments(playlist: string): number {
  return playlist.match(/^#EXTINF:/gm)?.length ?? 0;
}

/** Address of the first media playlist a multivariant playlist names. */
export function firstMediaPlaylist(multivariant: string, base: string): string | null {
  const line = multivariant.split('\n').find((text) => text.trim() !== '' && !text.startsWith('#'));
  return line === undefined ? null : new URL(line.trim(), base).href;
}
