import { retryDelayMs } from './policy';

/** Repeats `work` after growing waits, one at a time, not while `held`. */
export class Retry {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #work: () => void;
  held = false;

  constructor(work: () => void) {
    this.#work = work;
  }

  later = () => {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.held) this.later();
      else this.#work();
    }, retryDelayMs(this.#failures++));
  };

  succeeded = () => {
    this.#failures = 0;
  };

  stop() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
