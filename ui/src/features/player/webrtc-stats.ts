// What a connection's statistics say about the picture on screen (W3C Identifiers for WebRTC's Statistics API).

/** One reading. Counters grow for the life of the connection. */
export interface Reading {
  framesDecoded: number;
  /** Sound, for a stream whose picture is missing. */
  samplesPlayed: number;
  lostPackets: number;
  /** Sum of the time that pictures lay in the jitter buffer, seconds, and their number. */
  jitterDelayS: number;
  jitterCount: number;
  roundTripS: number | null;
  /** Camera time of the picture on screen, Unix milliseconds by the sender's clock. */
  playoutMs: number | null;
}

/** Seconds from 1900 to 1970: statistics tell NTP time. */
const NTP_TO_UNIX_MS = 2_208_988_800_000;

type Stat = Record<string, unknown> & { type?: unknown };

const number = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;

export function read(report: Iterable<readonly [string, unknown]>): Reading {
  const reading: Reading = {
    framesDecoded: 0,
    samplesPlayed: 0,
    lostPackets: 0,
    jitterDelayS: 0,
    jitterCount: 0,
    roundTripS: null,
    playoutMs: null,
  };
  for (const [, one] of report) {
    const stat = one as Stat;
    if (stat.type === 'inbound-rtp') {
      reading.lostPackets += Math.max(0, number(stat.packetsLost) ?? 0);
      if (stat.kind === 'video') {
        reading.framesDecoded += number(stat.framesDecoded) ?? 0;
        reading.jitterDelayS += number(stat.jitterBufferDelay) ?? 0;
        reading.jitterCount += number(stat.jitterBufferEmittedCount) ?? 0;
        reading.playoutMs = unixMs(number(stat.estimatedPlayoutTimestamp));
      } else {
        reading.samplesPlayed += number(stat.jitterBufferEmittedCount) ?? 0;
      }
    } else if (stat.type === 'candidate-pair' && stat.nominated === true) {
      reading.roundTripS = number(stat.currentRoundTripTime) ?? reading.roundTripS;
    }
  }
  return reading;
}

/** Browsers tell this time since 1900 (Chromium) or, as every other time, since 1970. */
function unixMs(told: number | null): number | null {
  if (told === null || told <= 0) return null;
  return told > NTP_TO_UNIX_MS + 1e12 ? told - NTP_TO_UNIX_MS : told;
}

/**
 * How far behind the camera the picture is, seconds. The sender's reports tie its pictures to its clock, so their
 * playout time against that clock is the whole way. A browser that does not tell it: the mean time in the jitter
 * buffer since the last reading and half a round trip, which leaves out what happened before the sending.
 */
export function behindS(now: Reading, last: Reading | null, engineNowMs: number | null): number | null {
  if (now.playoutMs !== null && engineNowMs !== null) {
    const s = (engineNowMs - now.playoutMs) / 1000;
    if (s > 0 && s < 20) return s;
  }
  const count = now.jitterCount - (last?.jitterCount ?? 0);
  if (count <= 0) return null;
  return (now.jitterDelayS - (last?.jitterDelayS ?? 0)) / count + (now.roundTripS ?? 0) / 2;
}
