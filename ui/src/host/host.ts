// The one door from the screens to whatever runs the console: a Tauri shell, the headless server, or a script.
import type { Commands, Event, Snapshot } from './generated';

export type CommandName = keyof Commands;
/** The rest arguments of `invoke`: none for a command that takes nothing. */
export type ArgsOf<C extends CommandName> = Commands[C]['argument'] extends null
  ? []
  : [args: Commands[C]['argument']];
export type ResultOf<C extends CommandName> = Commands[C]['answer'];

/** Whether events arrive. */
export type Connection =
  | { is: 'connecting' }
  | { is: 'open' }
  /** Nothing arrives; the next try is made at `retryAtMs` (Unix milliseconds). */
  | { is: 'lost'; retryAtMs: number }
  /** The console does not accept this page; trying again would not help. */
  | { is: 'refused' };

export interface Listener {
  /** Replaces everything known. */
  onSnapshot(snapshot: Snapshot): void;
  /** Follows the last snapshot; may repeat what that snapshot already contains. */
  onEvent(event: Event): void;
  onConnection(connection: Connection): void;
}

/** What this host can do beyond the commands; a screen hides what is false. */
export interface Capabilities {
  /** Can show the data folder in the system's file browser. */
  openFolder: boolean;
}

export interface Host {
  readonly capabilities: Capabilities;
  /** Rejects with a `HostError` and with nothing else. */
  invoke<C extends CommandName>(command: C, ...args: ArgsOf<C>): Promise<ResultOf<C>>;
  /** Delivers a snapshot first, then events, and a fresh snapshot after every gap. Returns the way to stop it. */
  subscribe(listener: Listener): () => void;
  openExternal(url: string): Promise<void>;
  openDataFolder(): Promise<void>;
  copyText(text: string): Promise<void>;
  /**
   * Copies a secret and empties the clipboard after `SECRET_IN_CLIPBOARD_MS` if it still holds it. Resolves to whether it
   * will be emptied: not where the clipboard may not be read, since what a user copied later must stay.
   */
  copySecret(secret: string): Promise<boolean>;
  /** Resolves to false when the user cancelled the dialog. */
  saveExport(streamId: string): Promise<boolean>;
}
