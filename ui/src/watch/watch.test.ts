import { render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Status } from './status';
import Watch from './Watch.svelte';

let answer: () => Promise<Response>;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('fetch', () => answer());
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const says = (status: Partial<Status>) => {
  answer = async () => Response.json({ state: 'live', viewers: 0, configVersion: 1, ...status });
};
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test('waits, starts by itself, and tells the end', async () => {
  says({ state: 'waiting' });
  render(Watch, { base: '/k' });
  await pass(0);
  expect(screen.getByTestId('watch-panel').textContent).toContain('Waiting for video');

  says({ title: 'Market walk', viewers: 3 });
  await pass(2000);
  expect(screen.getByRole('heading', { name: 'Market walk' })).toBeTruthy();
  expect(screen.getByTestId('player')).toBeTruthy();
  expect(screen.getByTestId('watch-viewers').textContent).toBe('3 watching');

  says({ state: 'ended' });
  await pass(2000);
  expect(screen.getByTestId('watch-panel').textContent).toContain('The stream has ended');
});

test('keeps the player through an interruption and starts it anew when the stream’s form changed', async () => {
  says({});
  render(Watch, { base: '/k' });
  await pass(0);
  const player = screen.getByTestId('player');
  says({ state: 'interrupted' });
  await pass(2000);
  expect(screen.getByTestId('player')).toBe(player);
  expect(screen.getByTestId('state-chip').textContent.trim()).toBe('Interrupted');
  says({ configVersion: 2 });
  await pass(2000);
  expect(screen.getByTestId('player')).not.toBe(player);
});

test('says when the link leads nowhere', async () => {
  answer = async () => new Response('', { status: 404 });
  render(Watch, { base: '/k' });
  await pass(0);
  expect(screen.getByTestId('watch-panel').textContent).toContain('This stream does not exist or has ended');
});

test('says at once when the address holds no stream', () => {
  render(Watch, { base: null });
  expect(screen.getByTestId('watch-panel').textContent).toContain('This stream does not exist or has ended');
});

test('says when the computer cannot be reached, only after several misses', async () => {
  answer = () => Promise.reject(new TypeError('refused'));
  render(Watch, { base: '/k' });
  await pass(0);
  expect(screen.getByTestId('watch-panel').textContent).toContain('Looking for the stream');
  await pass(4000);
  expect(screen.getByTestId('watch-panel').textContent).toContain('No connection');
});

test.each<[string, Partial<Status>, number]>([
  ['is not asked for where the stream is without it', { webrtc: false }, 0],
  ['is tried where it is offered', { webrtc: true }, 1],
  ['is tried where nothing is known of it', {}, 1],
])('WebRTC %s', async (_name, status, asked) => {
  const peers = vi.fn();
  vi.stubGlobal('RTCPeerConnection', peers);
  says(status);
  render(Watch, { base: '/k' });
  await pass(0);
  expect(screen.getByTestId('player')).toBeTruthy();
  expect(peers).toHaveBeenCalledTimes(asked);
});
