// Numbers as people read them. Every function says the unit it takes.

const two = (value: number) => String(value).padStart(2, '0');

/** A running clock: `0:07`, `12:05`, `1:02:33`. */
export function clock(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  const seconds = two(total % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${seconds}` : `${minutes}:${seconds}`;
}

/** A length of time in words: `42 s`, `12 min`, `1 h 2 min`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest === 0 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}

/** Seconds left until a moment, rounded up so that it never says 0 while there is time. */
export function secondsLeft(untilMs: number, nowMs: number): number {
  return Math.max(0, Math.ceil((untilMs - nowMs) / 1000));
}

/** Bits per second: `2.1 Mb/s`, `640 kb/s`, `0 kb/s`. */
export function bitrate(bps: number): string {
  if (bps >= 999_500) return `${(bps / 1_000_000).toFixed(bps >= 99_950_000 ? 0 : 1)} Mb/s`;
  return `${Math.round(bps / 1000)} kb/s`;
}

/** `3 · weakest line about 2 Mb/s · loses 2 %`: viewers by WebRTC and the worst of what is known of their lines. */
export function byWebRtc(
  viewers: number,
  slowestBps: number | null,
  worstLossPercent: number | null,
): string {
  const parts = [String(viewers)];
  if (slowestBps !== null) parts.push(`weakest line about ${line(slowestBps)}`);
  if (worstLossPercent !== null && worstLossPercent >= 1)
    parts.push(`loses ${Math.round(worstLossPercent)} %`);
  return parts.join(' · ');
}

/** An estimate, told no finer than it is. */
function line(bps: number): string {
  return bps >= 1_000_000 ? `${Math.round(bps / 1_000_000)} Mb/s` : bitrate(bps);
}

/** Frames a second, at most one digit after the point: `30 fps`, `14.5 fps`. */
export function frameRate(fps: number): string {
  return `${Math.round(fps * 10) / 10} fps`;
}

/** `2.0 s`. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

export function pictureSize(width: number | null, height: number | null): string | null {
  return width === null || height === null ? null : `${width} × ${height}`;
}

/** RFC 6381 string to the name people know: `H.264`, `AAC`; the string itself if unknown. */
export function codecName(codec: string): string {
  if (codec.startsWith('avc1') || codec.startsWith('avc3')) return 'H.264';
  if (codec.startsWith('hvc1') || codec.startsWith('hev1')) return 'H.265';
  if (codec.startsWith('av01')) return 'AV1';
  if (codec.startsWith('mp4a.40')) return 'AAC';
  if (codec === 'opus' || codec === 'Opus') return 'Opus';
  return codec;
}

/** `AAC, stereo 48 kHz`; null without sound. */
export function soundLine(
  codec: string | null,
  channels: number | null,
  rateHz: number | null,
): string | null {
  if (codec === null) return null;
  const layout =
    channels === 1 ? 'mono' : channels === 2 ? 'stereo' : channels === null ? '' : `${channels} ch`;
  const rate = rateHz === null ? '' : `${Math.round(rateHz / 100) / 10} kHz`;
  const rest = [layout, rate].filter((part) => part !== '').join(' ');
  return rest === '' ? codecName(codec) : `${codecName(codec)}, ${rest}`;
}

/** `1 viewer`, `18 viewers`. */
export function count(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** Date and time of day as this computer's language writes them. */
export function dateTime(ms: number, locale?: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(ms);
}

/** Time of day with seconds. */
export function timeOfDay(ms: number, locale?: string): string {
  return new Intl.DateTimeFormat(locale, { timeStyle: 'medium' }).format(ms);
}

/** What an encoder calls itself, as people call it. */
export function encoderName(raw: string): string {
  if (/obs/i.test(raw)) return 'OBS Studio';
  if (/lavf|ffmpeg/i.test(raw)) return 'FFmpeg';
  if (/gstreamer/i.test(raw)) return 'GStreamer';
  if (/streamlabs/i.test(raw)) return 'Streamlabs';
  if (/larix/i.test(raw)) return 'Larix';
  // OBS, vMix, Wirecast and most hardware all send this one.
  if (/fmle/i.test(raw)) return 'RTMP encoder';
  return raw === '' ? 'Encoder' : raw;
}

/** True when an address names this computer only, so that another device cannot use it. */
export function isLoopback(url: string): boolean {
  try {
    // A scheme the browser does not know keeps its host unparsed.
    const host = new URL(url.replace(/^[a-z]+:/, 'http:')).hostname;
    return host === 'localhost' || host === '[::1]' || host.startsWith('127.');
  } catch {
    return false;
  }
}
