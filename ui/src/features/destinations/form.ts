// The form of one destination: what stands in it, what is wrong with it, and what it means. Pure.
import type { AddDestination, DestinationView, PresetView, UpdateDestination } from '../../host/generated';

/** What stands in the fields, as typed. */
export interface Draft {
  name: string;
  url: string;
  /** The address was typed rather than chosen from the preset's. */
  ownUrl: boolean;
  streamKey: string;
  bandwidthTest: boolean;
  /** Its broadcast ends by itself when the picture stays away. */
  limited: boolean;
  limitMinutes: string;
}

export type Problems = Partial<Record<'url' | 'streamKey' | 'limitMinutes', string>>;

const DEFAULT_LIMIT_MINUTES = '5';
/** The longest that a hold may last: a day. */
const MOST_MINUTES = 1440;

/** Without slashes at the end. */
const withoutEnd = (path: string) => path.replace(/\/+$/, '');

export function draftFor(preset: PresetView): Draft {
  const first = preset.ingests[0];
  return {
    name: '',
    url: first?.url ?? '',
    ownUrl: first === undefined,
    streamKey: '',
    bandwidthTest: false,
    limited: false,
    limitMinutes: DEFAULT_LIMIT_MINUTES,
  };
}

export function draftOf(destination: DestinationView, preset: PresetView): Draft {
  const { name, url, bandwidthTest, holdLimitS } = destination;
  const ingest = preset.ingests.find((one) => withoutEnd(one.url) === withoutEnd(url));
  return {
    name,
    url: ingest?.url ?? url,
    ownUrl: ingest === undefined,
    streamKey: '',
    bandwidthTest,
    limited: holdLimitS !== null,
    limitMinutes:
      holdLimitS === null ? DEFAULT_LIMIT_MINUTES : String(Math.round((holdLimitS / 60) * 100) / 100),
  };
}

/** What is wrong, in words; nothing when it can be saved. `hasKey`: one is stored already. */
export function problemsOf(draft: Draft, preset: PresetView, hasKey: boolean): Problems {
  const problems: Problems = {};
  const url = draft.url.trim();
  if (url === '') problems.url = 'Paste the address that the service gives you.';
  else if (!/^rtmps?:\/\/[^/\s]+/i.test(url)) {
    problems.url = 'The address starts with rtmp:// or rtmps://, then the name of a server.';
  }
  if (draft.streamKey.trim() === '' && !hasKey && !preset.keyOptional) {
    problems.streamKey = 'Paste the stream key.';
  }
  const minutes = minutesOf(draft.limitMinutes);
  if (draft.limited && (minutes === null || minutes < 0.1 || minutes > MOST_MINUTES)) {
    problems.limitMinutes = 'A number of minutes up to 1440 (a day).';
  }
  return problems;
}

function minutesOf(text: string): number | null {
  const value = /^\d+([.,]\d+)?$/.test(text.trim()) ? Number(text.trim().replace(',', '.')) : NaN;
  return Number.isFinite(value) ? value : null;
}

function holdLimitS(draft: Draft): { holdLimitS?: number } {
  const minutes = draft.limited ? minutesOf(draft.limitMinutes) : null;
  return minutes === null ? {} : { holdLimitS: Math.round(minutes * 60) };
}

export function toAdd(draft: Draft, preset: PresetView): AddDestination {
  return {
    preset: preset.id,
    name: draft.name.trim() === '' ? preset.name : draft.name.trim(),
    url: draft.url.trim(),
    streamKey: draft.streamKey.trim(),
    ...holdLimitS(draft),
    ...(preset.hasBandwidthTest ? { bandwidthTest: draft.bandwidthTest } : {}),
  };
}

/** A key left empty leaves the stored one. */
export function toUpdate(id: string, draft: Draft, preset: PresetView): UpdateDestination {
  const streamKey = draft.streamKey.trim();
  return {
    id,
    name: draft.name.trim() === '' ? preset.name : draft.name.trim(),
    url: draft.url.trim(),
    ...(streamKey === '' ? {} : { streamKey }),
    ...holdLimitS(draft),
    ...(preset.hasBandwidthTest ? { bandwidthTest: draft.bandwidthTest } : {}),
  };
}

/**
 * A stream key that was pasted into the address field, and the address without it. `known` are addresses without a key
 * (the preset's, or the stored one): below one of them, one path part more is a key. Otherwise an address of an
 * application and one part more (`rtmp://host/app/key`) holds a key, and a word that is no address at all is one.
 */
export function splitKey(text: string, known: readonly string[]): { url: string; key: string } | null {
  const url = text.trim();
  for (const base of known) {
    const stem = withoutEnd(base.split('?')[0] ?? base);
    if (stem !== '' && withoutEnd(url) === stem) return null;
    if (stem !== '' && url.startsWith(`${stem}/`)) {
      const key = withoutEnd(url.slice(stem.length).replace(/^\/+/, ''));
      return key === '' ? null : { url: base, key };
    }
  }
  if (/^[A-Za-z0-9_-]{8,}$/.test(url)) return { url: known[0] ?? '', key: url };
  const parts = /^(rtmps?:\/\/[^/?#\s]+)\/+([^?#\s]*)(\?\S*)?$/i.exec(url);
  if (parts === null) return null;
  const [, server = '', path = '', query = ''] = parts;
  const steps = path.split('/').filter((step) => step !== '');
  const last = steps.pop();
  if (last === undefined || steps.length === 0) return null;
  return { url: `${server}/${steps.join('/')}`, key: `${last}${query}` };
}
