import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { HostError } from './errors';
import { snapshot } from './fake-data';
import type { Connection, Host } from './host';
import { retryDelayMs, takeToken, webHost } from './web';

class FakeSocket {
  static all: FakeSocket[] = [];
  static readonly CLOSED = 3;
  readyState = 0;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }

  say(message: unknown) {
    this.readyState = 1;
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  close() {
    if (this.readyState === FakeSocket.CLOSED) return;
    this.readyState = FakeSocket.CLOSED;
    this.onclose?.();
  }
}

const ORIGIN = 'http://127.0.0.1:9';
const answer = (status: number, body: unknown) =>
  new Response(typeof body === 'string' ? body : JSON.stringify(body), { status });

let fetched: ReturnType<typeof vi.fn<typeof fetch>>;

beforeEach(() => {
  FakeSocket.all = [];
  vi.useFakeTimers({ now: 1_000_000 });
  vi.stubGlobal('WebSocket', FakeSocket);
  fetched = vi.fn<typeof fetch>();
  vi.stubGlobal('fetch', fetched);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  sessionStorage.clear();
});

function listen(host: Host) {
  const connections: Connection[] = [];
  const seen: string[] = [];
  const stop = host.subscribe({
    onSnapshot: (one) => seen.push(`snapshot ${one.seq}`),
    onEvent: (one) => seen.push(`event ${one.seq}`),
    onConnection: (connection) => connections.push(connection),
  });
  return { connections, seen, stop, last: () => connections.at(-1) };
}

describe('events', () => {
  test('come over a socket that carries the token', () => {
    const { seen, last, stop } = listen(webHost('a b', ORIGIN));
    const socket = FakeSocket.all[0];
    expect(socket?.url).toBe('ws://127.0.0.1:9/api/events?token=a%20b');
    expect(last()).toEqual({ is: 'connecting' });
    socket?.say({ snapshot: snapshot({ seq: 3 }) });
    socket?.say({ event: { seq: 4, kind: 'history' } });
    expect(seen).toEqual(['snapshot 3', 'event 4']);
    expect(last()).toEqual({ is: 'open' });
    stop();
  });

  test('come again after the connection was lost, with a fresh snapshot', () => {
    const { seen, last, stop } = listen(webHost('t', ORIGIN));
    FakeSocket.all[0]?.say({ snapshot: snapshot({ seq: 9 }) });
    FakeSocket.all[0]?.close();
    expect(last()).toEqual({ is: 'lost', retryAtMs: 1_000_500 });
    vi.advanceTimersByTime(500);
    expect(FakeSocket.all).toHaveLength(2);
    FakeSocket.all[1]?.say({ snapshot: snapshot({ seq: 2 }) });
    expect(seen).toEqual(['snapshot 9', 'snapshot 2']);
    expect(last()).toEqual({ is: 'open' });
    stop();
  });

  test('wait longer after every try that fails, and start anew after one that succeeds', async () => {
    fetched.mockRejectedValue(new TypeError('refused'));
    const { connections, stop } = listen(webHost('t', ORIGIN));
    for (const expected of [500, 1000, 2000]) {
      const before = Date.now();
      FakeSocket.all.at(-1)?.close();
      await vi.advanceTimersByTimeAsync(0);
      expect(connections.at(-1)).toEqual({ is: 'lost', retryAtMs: before + expected });
      await vi.advanceTimersByTimeAsync(expected);
    }
    FakeSocket.all.at(-1)?.say({ snapshot: snapshot() });
    FakeSocket.all.at(-1)?.close();
    expect(connections.at(-1)).toEqual({ is: 'lost', retryAtMs: Date.now() + 500 });
    stop();
  });

  test('are asked for anew when a number is missing', () => {
    const { last, stop } = listen(webHost('t', ORIGIN));
    FakeSocket.all[0]?.say({ snapshot: snapshot({ seq: 1 }) });
    FakeSocket.all[0]?.say({ event: { seq: 3, kind: 'history' } });
    expect(last()).toMatchObject({ is: 'lost' });
    vi.advanceTimersByTime(500);
    expect(FakeSocket.all).toHaveLength(2);
    stop();
  });

  test('are given up when the token is refused', async () => {
    fetched.mockResolvedValue(answer(401, { code: 'unauthorized', message: 'no', nextStep: null }));
    const { last, stop } = listen(webHost('old', ORIGIN));
    FakeSocket.all[0]?.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(last()).toEqual({ is: 'refused' });
    expect(FakeSocket.all).toHaveLength(1);
    stop();
  });

  test('are not asked for without a token', () => {
    const { last, stop } = listen(webHost(null, ORIGIN));
    expect(last()).toEqual({ is: 'refused' });
    expect(FakeSocket.all).toHaveLength(0);
    stop();
  });

  test('stop when nobody listens any more', async () => {
    const { seen, stop } = listen(webHost('t', ORIGIN));
    FakeSocket.all[0]?.say({ snapshot: snapshot() });
    stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(seen).toHaveLength(1);
    expect(FakeSocket.all).toHaveLength(1);
  });

  test('are tried at once when the page is looked at again', () => {
    const { stop } = listen(webHost('t', ORIGIN));
    FakeSocket.all[0]?.say({ snapshot: snapshot() });
    FakeSocket.all[0]?.close();
    document.dispatchEvent(new window.Event('visibilitychange'));
    expect(FakeSocket.all).toHaveLength(2);
    vi.advanceTimersByTime(60_000);
    expect(FakeSocket.all).toHaveLength(2);
    stop();
  });
});

describe('commands', () => {
  test('are posted with the token and their arguments', async () => {
    fetched.mockResolvedValue(answer(200, { streamId: 'a', joined: false }));
    const result = await webHost('t', ORIGIN).invoke('start_managed', { cameraLink: 'demo' });
    expect(result).toEqual({ streamId: 'a', joined: false });
    const [url, init] = fetched.mock.calls[0] ?? [];
    expect(url).toBe('http://127.0.0.1:9/api/start_managed');
    expect(init).toMatchObject({ method: 'POST', body: '{"cameraLink":"demo"}' });
    expect(new Headers(init?.headers).get('authorization')).toBe('Bearer t');
  });

  test('that answer with nothing give null', async () => {
    fetched.mockResolvedValue(new Response(null, { status: 204 }));
    expect(await webHost('t', ORIGIN).invoke('stop_stream')).toBeNull();
  });

  test.each([
    [
      () => answer(409, { code: 'busy', message: 'Runs.', nextStep: 'Stop.' }),
      { code: 'busy', nextStep: 'Stop.' },
    ],
    [() => answer(502, '<html>'), { code: 'internal', message: 'The console answered with status 502.' }],
    [() => answer(401, ''), { code: 'unauthorized' }],
  ])('that fail reject with a HostError', async (make, expected) => {
    fetched.mockResolvedValue(make());
    const error: unknown = await webHost('t', ORIGIN)
      .invoke('stop_stream')
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(HostError);
    expect(error).toMatchObject(expected);
  });

  test('that reach nobody say so', async () => {
    fetched.mockRejectedValue(new TypeError('refused'));
    await expect(webHost('t', ORIGIN).invoke('stop_stream')).rejects.toMatchObject({
      message: 'The console cannot be reached.',
    });
  });
});

test('the wait doubles up to eight seconds', () => {
  expect([0, 1, 2, 3, 4, 5, 500].map(retryDelayMs)).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000]);
});

test('the token is taken from the address once, remembered for the tab and removed from the address', () => {
  const replaced: string[] = [];
  const page = (href: string) =>
    ({
      location: { href },
      sessionStorage,
      history: { state: null, replaceState: (_: unknown, __: string, url: URL) => replaced.push(url.href) },
    }) as unknown as Window;
  expect(takeToken(page('http://h/'))).toBeNull();
  expect(takeToken(page('http://h/?token=abc&x=1#/history'))).toBe('abc');
  expect(replaced).toEqual(['http://h/?x=1#/history']);
  expect(takeToken(page('http://h/'))).toBe('abc');
});
