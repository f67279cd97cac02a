// Looks once a second whether the picture moves, and says what to do when it does not.
import { shouldJump, stallAction } from './policy';

/** What is seen of a player from outside. */
export interface Report {
  /** Nothing is shown, or the picture stands still. */
  waiting: boolean;
  /** Distance to the camera in seconds, null while unknown. */
  behindS: number | null;
  /** Packets lost on the way so far, where the way knows. */
  lostPackets?: number | null;
}

/** What the watchdog may ask and do. */
export interface Charge {
  /** Position of the live edge on the element's time line, seconds. */
  liveEdgeS(): number | null;
  behindS(): number | null;
  /** Distance from the edge that the player aims at, seconds. */
  targetS(): number | null;
  jumpToLive(): void;
  rebuild(): void;
}

const TICK_MS = 1000;

export class Watchdog {
  #video: HTMLVideoElement;
  #charge: Charge;
  #onReport: (report: Report) => void;
  #timer: ReturnType<typeof setInterval>;
  #stalledS = 0;
  #lastTimeS = -1;
  /** While media is known to be missing, standing still is right. */
  held = false;

  constructor(video: HTMLVideoElement, charge: Charge, onReport: (report: Report) => void) {
    this.#video = video;
    this.#charge = charge;
    this.#onReport = onReport;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  stop() {
    clearInterval(this.#timer);
  }

  #tick() {
    const { currentTime, paused, readyState } = this.#video;
    const moving = currentTime !== this.#lastTimeS;
    this.#lastTimeS = currentTime;
    this.#stalledS = moving || paused || this.held ? 0 : this.#stalledS + TICK_MS / 1000;

    const behindS = this.#charge.behindS();
    const liveEdgeS = this.#charge.liveEdgeS();
    const aheadS = liveEdgeS === null ? null : liveEdgeS - currentTime;
    if (!this.held) {
      const action = stallAction({ currentTimeS: currentTime, paused, liveEdgeS }, this.#stalledS);
      if (action === 'rebuild') this.#charge.rebuild();
      else if (action === 'jump' || (!paused && shouldJump(behindS, this.#charge.targetS(), aheadS))) {
        this.#charge.jumpToLive();
      }
    }
    this.#onReport({
      waiting: readyState < HTMLMediaElement.HAVE_CURRENT_DATA || this.#stalledS >= 2,
      behindS: moving && !paused ? behindS : null,
    });
  }
}
