import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { snapshot } from './fake-data';
import type { Connection } from './host';
import { tauriHost } from './tauri';

/** What the Rust side sees: every call, and the channels it was given. */
interface Call {
  command: string;
  args: Record<string, unknown>;
}

let calls: Call[];
let answer: (call: Call) => unknown;
let callbacks: Map<number, (message: unknown) => void>;

beforeEach(() => {
  calls = [];
  answer = () => null;
  callbacks = new Map();
  Object.assign(window, {
    __TAURI_INTERNALS__: {
      transformCallback: (callback: (message: unknown) => void) => {
        callbacks.set(callbacks.size, callback);
        return callbacks.size - 1;
      },
      unregisterCallback: (id: number) => callbacks.delete(id),
      invoke: async (command: string, args: Record<string, unknown> = {}) => {
        const call = { command, args };
        calls.push(call);
        return answer(call);
      },
    },
  });
});

afterEach(() => {
  vi.useRealTimers();
  delete (window as { __TAURI_INTERNALS__?: unknown }).__TAURI_INTERNALS__;
});

/** Sends through the newest channel, as the Rust side does: numbered from zero. */
function sender() {
  const callback = [...callbacks.values()].at(-1);
  let index = 0;
  return (message: unknown) => callback?.({ index: index++, message });
}

function listen() {
  const seen: string[] = [];
  const connections: Connection[] = [];
  const stop = tauriHost().subscribe({
    onSnapshot: (one) => seen.push(`snapshot ${one.seq}`),
    onEvent: (one) => seen.push(`event ${one.seq}`),
    onConnection: (connection) => connections.push(connection),
  });
  return { seen, connections, stop };
}

test('commands are called by their names, with one argument object', async () => {
  const host = tauriHost();
  await host.invoke('start_managed', { cameraLink: 'demo' });
  await host.invoke('stop_stream');
  await host.openExternal('http://x');
  await host.openDataFolder();
  await host.copyText('abc');
  await host.saveExport('st-1');
  expect(calls).toEqual([
    { command: 'start_managed', args: { args: { cameraLink: 'demo' } } },
    { command: 'stop_stream', args: {} },
    { command: 'open_external', args: { url: 'http://x' } },
    { command: 'open_data_folder', args: {} },
    { command: 'plugin:clipboard-manager|write_text', args: { text: 'abc' } },
    { command: 'save_export', args: { args: { streamId: 'st-1' } } },
  ]);
});

test('a secret is read back from the clipboard, where that is allowed', async () => {
  answer = ({ command }) => (command.endsWith('read_text') ? 'sk-1' : null);
  expect(await tauriHost().copySecret('sk-1')).toBe(true);
  answer = ({ command }) => {
    if (command.endsWith('read_text')) throw 'not allowed';
    return null;
  };
  expect(await tauriHost().copySecret('sk-1')).toBe(false);
  expect(calls.map(({ command }) => command)).toEqual([
    'plugin:clipboard-manager|write_text',
    'plugin:clipboard-manager|read_text',
    'plugin:clipboard-manager|write_text',
    'plugin:clipboard-manager|read_text',
  ]);
});

test('refusals arrive as errors with their code', async () => {
  answer = () => {
    throw { code: 'busy', message: 'Runs.', nextStep: null };
  };
  await expect(tauriHost().invoke('new_stream_key')).rejects.toMatchObject({
    name: 'HostError',
    code: 'busy',
  });
});

test('a cancelled export is not an export', async () => {
  answer = () => false;
  expect(await tauriHost().saveExport('st-1')).toBe(false);
});

test('a subscription delivers the snapshot, then events', () => {
  const { seen, connections } = listen();
  expect(calls[0]?.command).toBe('subscribe');
  expect(calls[0]?.args).toHaveProperty('channel');
  const send = sender();
  send({ snapshot: snapshot({ seq: 7 }) });
  send({ event: { seq: 8, kind: 'history' } });
  expect(seen).toEqual(['snapshot 7', 'event 8']);
  expect(connections).toEqual([{ is: 'connecting' }, { is: 'open' }]);
});

test('a gap is healed by a fresh snapshot', async () => {
  answer = (call) => (call.command === 'snapshot' ? snapshot({ seq: 10 }) : null);
  const { seen } = listen();
  const send = sender();
  send({ snapshot: snapshot({ seq: 7 }) });
  send({ event: { seq: 10, kind: 'history' } });
  await vi.waitFor(() => expect(seen).toEqual(['snapshot 7', 'event 10', 'snapshot 10']));
});

test('a subscription that could not be opened is tried again', async () => {
  vi.useFakeTimers();
  answer = () => {
    throw 'not ready';
  };
  const { connections, stop } = listen();
  await vi.advanceTimersByTimeAsync(0);
  expect(connections.at(-1)).toMatchObject({ is: 'lost' });
  answer = () => null;
  await vi.advanceTimersByTimeAsync(2000);
  sender()({ snapshot: snapshot() });
  expect(connections.at(-1)).toEqual({ is: 'open' });
  stop();
});
