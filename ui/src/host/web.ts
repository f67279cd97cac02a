// The headless shell: the same console behind HTTP and a WebSocket, this page opened in an ordinary browser.
import { copyAndForget } from './clipboard';
import { HostError, isApiError, toHostError, unreachable } from './errors';
import type { Event, Snapshot } from './generated';
import type { ArgsOf, CommandName, Host, Listener, ResultOf } from './host';
import { watchSequence } from './sequence';

const TOKEN_KEY = 'stream-console.token';
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 8000;

/** Wait before try number `attempt` (0 = the first), in milliseconds. */
export function retryDelayMs(attempt: number): number {
  return Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt, 10));
}

/**
 * The token of this page: from its address, where the console's start message put it, else from this tab's memory.
 * It is removed from the address bar so that it does not end up in a screenshot, a bookmark or the history.
 */
export function takeToken(page: Window): string | null {
  const url = new URL(page.location.href);
  const given = url.searchParams.get('token');
  if (given === null) return page.sessionStorage.getItem(TOKEN_KEY);
  page.sessionStorage.setItem(TOKEN_KEY, given);
  url.searchParams.delete('token');
  page.history.replaceState(page.history.state, '', url);
  return given;
}

export function webHost(token: string | null, origin: string = location.origin): Host {
  const invoke = async <C extends CommandName>(command: C, ...[args]: ArgsOf<C>): Promise<ResultOf<C>> => {
    let response: Response;
    try {
      response = await fetch(`${origin}/api/${command}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token ?? ''}` },
        body: JSON.stringify(args ?? {}),
      });
    } catch {
      throw unreachable();
    }
    const body: unknown = await response.json().catch(() => null);
    if (response.ok) return body as ResultOf<C>;
    if (isApiError(body)) throw toHostError(body);
    throw new HostError({
      code: response.status === 401 ? 'unauthorized' : 'internal',
      message: `The console answered with status ${response.status}.`,
      nextStep: 'Try again. If it happens again, the log file says more (Settings, About).',
    });
  };

  return {
    capabilities: { openFolder: false },
    invoke,
    subscribe: (listener) => subscribe(listener, token, origin, () => invoke('snapshot')),
    openExternal: async (url) => {
      window.open(url, '_blank', 'noopener');
    },
    openDataFolder: async () => undefined,
    copyText,
    copySecret: (secret) => copyAndForget(secret, { needsFocus: true, write: copyText, read: readText }),
    saveExport: async (streamId) => {
      const detail = await invoke('stream_detail', { streamId });
      download(`stream-${streamId}.json`, JSON.stringify(detail, null, 2));
      return true;
    },
  };
}

function subscribe(
  listener: Listener,
  token: string | null,
  origin: string,
  snapshot: () => Promise<Snapshot>,
): () => void {
  let stopped = false;
  let attempt = 0;
  let socket: WebSocket | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const retryLater = () => {
    const delay = retryDelayMs(attempt++);
    listener.onConnection({ is: 'lost', retryAtMs: Date.now() + delay });
    timer = setTimeout(() => {
      timer = undefined;
      open();
    }, delay);
  };

  // A WebSocket does not tell why it was refused; the same token over HTTP does.
  const askWhy = () => {
    snapshot().then(retryIfRunning, (error: unknown) => {
      if (stopped) return;
      if (error instanceof HostError && error.code === 'unauthorized') {
        listener.onConnection({ is: 'refused' });
      } else {
        retryLater();
      }
    });
  };
  const retryIfRunning = () => {
    if (!stopped) retryLater();
  };

  const open = () => {
    if (stopped) return;
    listener.onConnection({ is: 'connecting' });
    const address = `${origin.replace(/^http/, 'ws')}/api/events?token=${encodeURIComponent(token ?? '')}`;
    const ws = new WebSocket(address);
    socket = ws;
    let opened = false;
    // The server sends a snapshot first, so a new connection is the cure for a gap.
    const told = watchSequence(listener, () => ws.close());
    ws.onmessage = (message) => {
      if (stopped || typeof message.data !== 'string') return;
      const said = JSON.parse(message.data) as { snapshot: Snapshot } | { event: Event };
      if ('snapshot' in said) {
        opened = true;
        attempt = 0;
        told.onSnapshot(said.snapshot);
        listener.onConnection({ is: 'open' });
      } else {
        told.onEvent(said.event);
      }
    };
    ws.onclose = () => {
      if (stopped) return;
      if (opened) retryLater();
      else askWhy();
    };
  };

  if (token === null) listener.onConnection({ is: 'refused' });
  else open();

  // Coming back from sleep or to a hidden tab, nobody wants to wait for the next try.
  const tryNow = () => {
    if (stopped || document.visibilityState === 'hidden' || timer === undefined) return;
    if (socket?.readyState === WebSocket.CLOSED) {
      clearTimeout(timer);
      timer = undefined;
      open();
    }
  };
  window.addEventListener('online', tryNow);
  document.addEventListener('visibilitychange', tryNow);

  return () => {
    stopped = true;
    clearTimeout(timer);
    socket?.close();
    window.removeEventListener('online', tryNow);
    document.removeEventListener('visibilitychange', tryNow);
  };
}

async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    return;
  } catch {
    // No permission, or a page that is not a secure context (the console opened through the network).
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.style.position = 'fixed';
  area.style.opacity = '0';
  const before = document.activeElement;
  document.body.append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  if (!copied) {
    throw new HostError({
      code: 'internal',
      message: 'The browser did not allow copying.',
      nextStep: 'Select the text and copy it by hand.',
    });
  }
}

/** Only where that was allowed before: no question pops up a minute after a copy. */
async function readText(): Promise<string | null> {
  try {
    const asked = await navigator.permissions.query({ name: 'clipboard-read' as PermissionName });
    return asked.state === 'granted' ? await navigator.clipboard.readText() : null;
  } catch {
    return null;
  }
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
