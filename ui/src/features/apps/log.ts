// The messages of an app as they are shown. Pure.
import type { FrameDirection, FrameView } from '../../host/generated';
import { timeOfDay } from '../../shared/format';
import { DIRECTION_WORDS } from '../../shared/words';

/** Messages kept on screen; older ones leave at the top. */
export const MOST_FRAMES = 500;

export interface Line {
  seq: number;
  atMs: number;
  direction: FrameDirection;
  /** Its `type`; empty when it has none. */
  type: string;
  /** What it says besides, in one line. */
  gist: string;
  pretty: string;
}

/** Members that are in nearly every message and tell a reader nothing. */
const USUAL = new Set(['type', 'sessionId', 'packageName', 'userId', 'timestamp']);
const GIST_CHARS = 160;

export function lineOf({ seq, atMs, direction, text }: FrameView): Line {
  const line = { seq, atMs, direction };
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return { ...line, type: '', gist: cut(text), pretty: text };
  }
  const pretty = JSON.stringify(said, null, 2);
  if (typeof said !== 'object' || said === null || Array.isArray(said)) {
    return { ...line, type: '', gist: cut(text), pretty };
  }
  const members = said as Record<string, unknown>;
  const rest = Object.entries(members).filter(([name]) => !USUAL.has(name));
  const gist = rest.map(([name, value]) => `${name}: ${brief(value)}`).join('  ');
  return { ...line, type: typeof members.type === 'string' ? members.type : '', gist: cut(gist), pretty };
}

const brief = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
const cut = (text: string) => (text.length <= GIST_CHARS ? text : `${text.slice(0, GIST_CHARS)}…`);

/** New ones behind the known ones, none twice. */
export function grown(known: readonly Line[], frames: readonly FrameView[]): Line[] {
  const last = known.at(-1)?.seq ?? -1;
  return [...known, ...frames.filter(({ seq }) => seq > last).map(lineOf)].slice(-MOST_FRAMES);
}

/** As text for a report: time, direction and message. */
export function copied(lines: readonly Line[]): string {
  return lines
    .map(({ atMs, direction, pretty }) => `${timeOfDay(atMs)} ${DIRECTION_WORDS[direction]}\n${pretty}`)
    .join('\n\n');
}
