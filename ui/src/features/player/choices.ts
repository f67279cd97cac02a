// The ways to choose from, as the details list them.
import { NO_WAY_WORDS, WAY_WORDS } from '../../shared/words';
import type { Addresses, Means, Way, Ways, Wish } from './ways';

export interface Choice {
  wish: Wish;
  name: string;
  line: string;
  /** Why it cannot be chosen, or did not play; null when there is nothing to say. */
  why: string | null;
  possible: boolean;
}

function missing(way: Way, means: Means, at: Addresses): string | null {
  switch (way) {
    case 'webrtc':
      if (!means.webrtc) return NO_WAY_WORDS.noWebRtc;
      return at.whep === null ? NO_WAY_WORDS.noWhep : null;
    case 'socket':
      return means.socket ? null : NO_WAY_WORDS.noMediaSource;
    default:
      return means.hls === 'hls.js' ? null : NO_WAY_WORDS.noHlsJs;
  }
}

export function choices(state: Ways, means: Means, at: Addresses, nowMs: number): Choice[] {
  const ways: Way[] =
    means.hls === 'native' ? ['webrtc', 'socket', 'native'] : ['webrtc', 'socket', 'll-hls', 'hls'];
  const rows = ways.map((way): Choice => {
    const possible = state.offered.includes(way);
    const why = possible ? trouble(state, way, nowMs) : missing(way, means, at);
    return { wish: way, ...WAY_WORDS[way], why, possible };
  });
  return [{ wish: 'auto', ...WAY_WORDS.auto, why: null, possible: true }, ...rows];
}

function trouble(state: Ways, way: Way, nowMs: number): string | null {
  const words = state.refused[way];
  if (words !== undefined) return words;
  const rest = state.rests[way];
  const waitS = rest === undefined ? 0 : Math.ceil((rest.untilMs - nowMs) / 1000);
  if (waitS <= 0 || state.shown?.way === way) return null;
  return `Did not play. Tried again in ${waitS} s.`;
}
