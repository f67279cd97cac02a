// The model kept current by a host, and the commands with their failures. One per page.
import { untrack } from 'svelte';
import type { HostError } from '../host/errors';
import { toHostError } from '../host/errors';
import type { ArgsOf, CommandName, Host, ResultOf } from '../host/host';
import { EMPTY, withConnection, withEvent, withSnapshot, type Model } from './model';

export class ConsoleState {
  readonly host: Host;
  #model: Model = $state.raw(EMPTY);
  #now = $state(Date.now());
  #failure: HostError | null = $state.raw(null);
  #said = $state('');

  constructor(host: Host) {
    this.host = host;
  }

  get snapshot() {
    return this.#model.snapshot;
  }

  get connection() {
    return this.#model.connection;
  }

  get historyVersion() {
    return this.#model.historyVersion;
  }

  /** This computer's clock, Unix milliseconds, renewed every second. */
  get nowMs() {
    return this.#now;
  }

  /** The last command that failed, until dismissed or until another succeeds. */
  get failure() {
    return this.#failure;
  }

  /** What a screen reader should say next. */
  get said() {
    return this.#said;
  }

  get connected() {
    return this.#model.connection.is === 'open';
  }

  /** Starts listening; returns the way to stop. */
  listen(): () => void {
    // A host may deliver at once, inside the effect that called this; folding must not make it depend on itself.
    const fold = (change: (model: Model) => Model) => (this.#model = change(untrack(() => this.#model)));
    const stop = this.host.subscribe({
      onSnapshot: (snapshot) => fold((model) => withSnapshot(model, snapshot)),
      onEvent: (event) => fold((model) => withEvent(model, event)),
      onConnection: (connection) => fold((model) => withConnection(model, connection)),
    });
    const timer = setInterval(() => (this.#now = Date.now()), 1000);
    return () => {
      clearInterval(timer);
      stop();
    };
  }

  /** Runs a command; a failure is shown to the user and answered with undefined. */
  async run<C extends CommandName>(command: C, ...args: ArgsOf<C>): Promise<ResultOf<C> | undefined> {
    try {
      const result = await this.host.invoke(command, ...args);
      this.#failure = null;
      return result;
    } catch (thrown) {
      this.#failure = toHostError(thrown);
      return undefined;
    }
  }

  /** Runs something else of the host with the same care. */
  async attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (thrown) {
      this.#failure = toHostError(thrown);
      return undefined;
    }
  }

  dismiss() {
    this.#failure = null;
  }

  say(text: string) {
    // The same words twice must still be a change, or nothing is read out.
    const before = untrack(() => this.#said);
    this.#said = text === before ? `${text}\u00a0` : text;
  }

  async copy(text: string, what: string): Promise<boolean> {
    const done = await this.attempt(() => this.host.copyText(text).then(() => true));
    if (done === true) this.say(`${what} copied`);
    return done === true;
  }
}
