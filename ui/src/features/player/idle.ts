// When the player's own furniture - bar, tag, pointer - gets out of the picture's way.

/** Without a movement, a touch or a key for this long nobody is about to press anything. */
export const IDLE_MS = 3000;

/** What keeps the furniture in sight whatever the hands do. */
export interface Busy {
  paused: boolean;
  /** The details are open. */
  details: boolean;
  /** Words lie over the picture. */
  words: boolean;
  /** The keyboard is inside. */
  keyboard: boolean;
}

/** Whether the furniture may fade, `sinceMs` after the last sign of a person. */
export function isIdle(sinceMs: number, busy: Busy): boolean {
  return sinceMs >= IDLE_MS && !busy.paused && !busy.details && !busy.words && !busy.keyboard;
}

/** A picture that has not moved for this long says nothing of how far behind the camera it is. */
export const STALE_MS = 900;
