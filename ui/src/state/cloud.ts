// What cards and choosers say of glasses at MentraOS, as data. Pure.
import type { CloudSession, CloudView } from '../host/generated';
import { glassesLine } from './apps';

/** The session a start would use: the newest that is connected. */
export function usedSession({ sessions }: CloudView): CloudSession | null {
  return sessions.find((one) => one.connected && one.glasses?.link === 'connected') ?? sessions[0] ?? null;
}

/** Why the glasses at MentraOS cannot be chosen as a source; null when they can. */
export function noCloudGlasses({ message }: CloudView): string | null {
  return message === null ? null : `${message.text} ${message.nextStep ?? ''}`.trim();
}

/** One line on who would stream: `Mentra Live, battery 64 %`. */
export function cloudLine(cloud: CloudView): string {
  const used = usedSession(cloud);
  if (used === null) return '';
  return used.glasses === null ? used.userId : glassesLine(used.glasses);
}

/** What a screen reader should hear when it changes by itself; empty if nothing. */
export function cloudChange(before: CloudView | null, now: CloudView | null): string {
  if (before === null || now === null) return '';
  const connected = ({ sessions }: CloudView) => sessions.some((one) => one.connected);
  if (connected(before) !== connected(now)) {
    return connected(now)
      ? 'The glasses are connected through MentraOS'
      : 'The connection through MentraOS is lost';
  }
  const problem = now.message?.tone === 'error' && now.message.text !== before.message?.text;
  return problem ? (now.message?.text ?? '') : '';
}
