// What was found about the stream before it is sent, kept while the dialog that shows it is closed.
import { toHostError, type HostError } from '../../host/errors';
import type { BroadcastCheck, Preflight } from '../../host/generated';
import type { Host } from '../../host/host';

/** How long a broadcast check watches the stream. */
export const CHECK_MS = 20_000;

export class Checks {
  #host: Host;
  preflight = $state.raw<Preflight | null>(null);
  preflightFailure = $state.raw<HostError | null>(null);
  check = $state.raw<BroadcastCheck | null>(null);
  checkFailure = $state.raw<HostError | null>(null);
  /** When the running check was started; null while none runs. */
  checkSinceMs: number | null = $state(null);

  constructor(host: Host) {
    this.#host = host;
  }

  async runPreflight() {
    this.preflightFailure = null;
    try {
      this.preflight = await this.#host.invoke('preflight');
    } catch (thrown) {
      this.preflightFailure = toHostError(thrown);
    }
  }

  async runCheck() {
    if (this.checkSinceMs !== null) return;
    this.checkSinceMs = Date.now();
    this.checkFailure = null;
    this.check = null;
    try {
      this.check = await this.#host.invoke('broadcast_check');
    } catch (thrown) {
      this.checkFailure = toHostError(thrown);
    }
    this.checkSinceMs = null;
  }
}
