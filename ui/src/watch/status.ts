// What the public page knows of its stream, from the text the engine serves beside the playlist. Pure but for `fetch`.

export type StreamWord = 'waiting' | 'live' | 'interrupted' | 'ended';

export interface Status {
  state: StreamWord;
  title?: string;
  viewers: number;
  /** Grows when the stream's codecs or size changed, so that a player must start anew. */
  configVersion: number;
  /** False = WebRTC is not offered, and need not be asked for. */
  webrtc?: boolean;
}

export type Sight =
  | { is: 'loading' }
  | { is: 'known'; status: Status }
  /** The engine says there is no such stream. */
  | { is: 'gone' }
  /** The engine does not answer; what was known before stays on screen. */
  | { is: 'offline'; last: Status | null };

export const POLL_MS = 2000;
export const POLL_HIDDEN_MS = 5000;
/** Answers missed in a row before the page says so: one lost answer is not worth a word. */
export const MISSES_BEFORE_OFFLINE = 3;

/** `/k3v9/watch` to `/k3v9`; null when the address holds no id. */
export function basePath(pathname: string): string | null {
  const found = /^\/([A-Za-z0-9_-]+)\/watch\/?$/.exec(pathname);
  return found === null ? null : `/${found[1]}`;
}

export function isStatus(value: unknown): value is Status {
  if (typeof value !== 'object' || value === null) return false;
  const { state, viewers, configVersion } = value as Record<string, unknown>;
  return (
    (state === 'waiting' || state === 'live' || state === 'interrupted' || state === 'ended') &&
    typeof viewers === 'number' &&
    typeof configVersion === 'number'
  );
}

export type Answer = { status: Status } | 'gone' | 'missed';

export async function ask(base: string): Promise<Answer> {
  try {
    const response = await fetch(`${base}/status.json`, { cache: 'no-store' });
    if (response.status === 404 || response.status === 410) return 'gone';
    const body: unknown = response.ok ? await response.json() : null;
    return isStatus(body) ? { status: body } : 'missed';
  } catch {
    return 'missed';
  }
}

/** What is seen after an answer; `misses` counts those without one, this included. */
export function next(sight: Sight, answer: Answer, misses: number): Sight {
  if (answer === 'gone') return { is: 'gone' };
  if (answer !== 'missed') return { is: 'known', status: answer.status };
  if (misses < MISSES_BEFORE_OFFLINE) return sight;
  const last = sight.is === 'known' ? sight.status : sight.is === 'offline' ? sight.last : null;
  return { is: 'offline', last };
}
