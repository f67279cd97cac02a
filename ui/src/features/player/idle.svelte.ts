// When the player's own furniture - bar, tag, pointer - gets out of the picture's way.

/** Without a movement, a touch or a key for this long nobody is about to press anything. */
export const IDLE_MS = 3000;

/** A picture that has not moved for this long says nothing of how far behind the camera it is. */
export const STALE_MS = 700;

/** What keeps the furniture in sight whatever the hands do. */
export interface Kept {
  paused: boolean;
  /** The details are open. */
  details: boolean;
  /** Words lie over the picture. */
  words: boolean;
  /** The keyboard is inside. */
  keyboard: boolean;
}

type Place = Pick<PointerEvent, 'screenX' | 'screenY'>;

/** What hands and picture do, and whether the furniture may therefore fade. Times are those of one clock, in milliseconds. */
export class Idle {
  /** Out of the way. */
  is = $state(false);
  #signMs: number;
  #pointer: Place | null = null;
  #swallow = false;

  constructor(nowMs: number) {
    this.#signMs = nowMs;
  }

  /** A sign of a person. */
  sign(nowMs: number) {
    this.#signMs = nowMs;
    this.is = false;
  }

  key(nowMs: number) {
    this.release();
    this.sign(nowMs);
  }

  /** The pointer, too, is told of as moving when only the page under it did. */
  pointer({ screenX, screenY }: Place, nowMs: number) {
    const still = this.#pointer?.screenX === screenX && this.#pointer.screenY === screenY;
    this.#pointer = { screenX, screenY };
    if (!still) this.sign(nowMs);
  }

  /** A press. A finger on what cannot be seen did not mean it and only brings it back; a mouse has done so by coming. */
  press(blind: boolean, nowMs: number) {
    this.#swallow = this.is && blind;
    this.sign(nowMs);
  }

  /** The press ends in no click. */
  release() {
    this.#swallow = false;
  }

  /** Whether the click that a press ends in is to do nothing. */
  swallows(): boolean {
    const swallow = this.#swallow;
    this.release();
    return swallow;
  }

  /** Time goes on. What keeps the furniture in sight also keeps it there for a while afterwards. */
  look(kept: Kept, nowMs: number) {
    if (Object.values(kept).includes(true)) this.sign(nowMs);
    else this.is = nowMs - this.#signMs >= IDLE_MS;
  }
}
