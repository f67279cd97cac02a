// The desktop shell. The only file of the interface that knows Tauri.
import { Channel, invoke as tauriInvoke } from '@tauri-apps/api/core';
import { copyAndForget } from './clipboard';
import { toHostError } from './errors';
import type { Event, Snapshot } from './generated';
import type { ArgsOf, CommandName, Host, Listener, ResultOf } from './host';
import { watchSequence } from './sequence';

/** What the `subscribe` command sends through its channel. */
type Told = { snapshot: Snapshot } | { event: Event };

/** How long to wait before asking again when a subscription could not be opened. */
const RETRY_MS = 2000;

async function call<T>(name: string, args?: Record<string, unknown>): Promise<T> {
  try {
    return await tauriInvoke<T>(name, args);
  } catch (thrown) {
    throw toHostError(thrown);
  }
}

// The plugin's own npm package trails its crate, and the Tauri CLI refuses a build whose two versions differ;
// these are the two calls it would make.
const clipboard = {
  needsFocus: false,
  write: (text: string) => call<void>('plugin:clipboard-manager|write_text', { text }),
  // An empty clipboard is an error there.
  read: () => call<string>('plugin:clipboard-manager|read_text').catch(() => null),
};

export function tauriHost(): Host {
  return {
    capabilities: { openFolder: true },
    invoke: <C extends CommandName>(command: C, ...[args]: ArgsOf<C>) =>
      call<ResultOf<C>>(command, args === undefined ? undefined : { args }),
    subscribe,
    openExternal: (url) => call('open_external', { url }),
    openDataFolder: () => call('open_data_folder'),
    copyText: clipboard.write,
    copySecret: (secret) => copyAndForget(secret, clipboard),
    saveExport: async (streamId) =>
      (await call<boolean | null>('save_export', { args: { streamId } })) !== false,
  };
}

function subscribe(listener: Listener): () => void {
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const open = () => {
    if (stopped) return;
    listener.onConnection({ is: 'connecting' });
    const told = watchSequence(listener, () => {
      call<Snapshot>('snapshot').then(
        (snapshot) => !stopped && told.onSnapshot(snapshot),
        () => undefined, // The next event shows the same gap again.
      );
    });
    let current = true;
    const channel = new Channel<Told>((message) => {
      if (stopped || !current) return;
      if ('snapshot' in message) {
        told.onSnapshot(message.snapshot);
        listener.onConnection({ is: 'open' });
      } else {
        told.onEvent(message.event);
      }
    });
    call('subscribe', { channel }).catch(() => {
      current = false;
      if (stopped) return;
      listener.onConnection({ is: 'lost', retryAtMs: Date.now() + RETRY_MS });
      timer = setTimeout(open, RETRY_MS);
    });
  };

  open();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
