// The player and its ways: what is on screen, what is said of it, and what the viewer chooses.
import { fireEvent, render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Ear } from './ear';
import { abilitiesOf } from './means';
import Player from './Player.svelte';
import type { Way } from './ways';

interface Started {
  way: Way;
  video: HTMLVideoElement;
  ear: Ear;
  held: boolean;
  destroyed: boolean;
  jumps: number;
}

const { started } = vi.hoisted(() => ({ started: [] as Started[] }));

vi.mock('./means', async (original) => ({
  ...(await original<object>()),
  startWay: async (way: Way, video: HTMLVideoElement, _at: unknown, ear: Ear) => {
    const one: Started = { way, video, ear, held: false, destroyed: false, jumps: 0 };
    started.push(one);
    return {
      jumpToLive: () => (one.jumps += 1),
      pause: () => undefined,
      hold: (held: boolean) => (one.held = held),
      destroy: () => (one.destroyed = true),
    };
  },
}));

const abilities = abilitiesOf({ way: 'hls.js' }, { webrtc: true, socket: true });
const props = { src: 'http://h/k/index.m3u8', whep: 'http://h/k/whep', label: 'Preview', abilities };

beforeEach(() => {
  started.length = 0;
  vi.useFakeTimers({ shouldAdvanceTime: true });
});
afterEach(() => {
  vi.useRealTimers();
  localStorage.clear();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const last = () => started.at(-1) ?? expect.fail('nothing was started');
const playing = () => screen.getByTestId('player').dataset.way;
/** The way that was started last plays, `s` seconds behind. */
async function plays(s: number) {
  last().ear.moved(s);
  last().ear.report({ waiting: false, behindS: s });
  await pass(0);
}

test('plays the best way and says which it is and how far behind', async () => {
  render(Player, props);
  await pass(0);
  expect([playing(), screen.queryByTestId('player-way')]).toEqual(['webrtc', null]);
  await plays(0.2);
  expect(screen.getByTestId('player-way').textContent).toBe('WebRTC');
  expect(screen.getByTestId('latency').textContent).toBe('0.2 s behind');
});

test('keeps the old picture on screen, first in the document, until the new way has one', async () => {
  const { container } = render(Player, props);
  await pass(0);
  await plays(0.2);
  const old = screen.getByTestId('video');
  await pass(2250);
  expect(last().way).toBe('socket');
  expect(screen.getByTestId('video')).toBe(old);
  const unseen = screen.getByTestId<HTMLVideoElement>('video-unseen');
  expect([container.querySelector('video'), unseen.muted]).toEqual([old, true]);
  expect(playing()).toBe('webrtc');
  await plays(0.4);
  expect([playing(), screen.getByTestId('video')]).toEqual(['socket', unseen]);
  expect([screen.queryByTestId('video-unseen'), started[0]?.destroyed]).toEqual([null, true]);
});

test('a sentence of the server is shown beside the way it refuses', async () => {
  render(Player, props);
  await pass(0);
  last().ear.refused('WebRTC is off for this stream.');
  await pass(0);
  expect(playing()).toBe('socket');
  await plays(0.4);
  await userEvent.click(screen.getByRole('button', { name: 'How it plays' }));
  expect(screen.getByTestId('player-details').textContent).toContain('WebRTC is off for this stream.');
});

test('an interruption changes nothing, and every way is told of it', async () => {
  const { rerender } = render(Player, props);
  await pass(0);
  await plays(0.2);
  await rerender({ ...props, interrupted: 'No media arrives.' });
  await pass(60_000);
  expect([playing(), started.length, last().held]).toEqual(['webrtc', 1, true]);
  expect(screen.queryByTestId('player-way')).toBeNull();
});

test('the details: reached and left by keyboard, and the way is chosen and remembered there', async () => {
  render(Player, props);
  await pass(0);
  await plays(0.2);
  const button = screen.getByRole('button', { name: 'How it plays' });
  expect(button.getAttribute('aria-expanded')).toBe('false');
  button.focus();
  await userEvent.keyboard('{Enter}');
  expect(button.getAttribute('aria-expanded')).toBe('true');
  expect(screen.getAllByRole('radio').map((radio) => radio.getAttribute('aria-label'))).toEqual([
    'Automatic',
    'WebRTC',
    'Low latency',
    'LL-HLS',
    'HLS',
  ]);
  expect(screen.getByRole<HTMLInputElement>('radio', { name: 'Automatic' }).checked).toBe(true);
  await userEvent.click(screen.getByRole('radio', { name: 'LL-HLS' }));
  await pass(0);
  expect([playing(), last().way]).toEqual(['webrtc', 'll-hls']);
  await plays(1.8);
  expect(playing()).toBe('ll-hls');
  expect(screen.getByTestId('latency').textContent).toBe('1.8 s behind');
  await userEvent.keyboard('{Escape}');
  expect(screen.queryByTestId('player-details')).toBeNull();
  expect(document.activeElement).toBe(button);
  expect(localStorage.getItem('stream-console.way')).toBe('ll-hls');
});

test('a remembered way is begun with', async () => {
  localStorage.setItem('stream-console.way', 'socket');
  render(Player, props);
  await pass(0);
  expect(playing()).toBe('socket');
});

test('another address starts anew; WebRTC that comes to be offered is tried at once', async () => {
  const { rerender } = render(Player, { ...props, whep: null });
  await pass(0);
  expect(playing()).toBe('socket');
  await plays(0.4);
  await rerender(props);
  await pass(0);
  expect([playing(), last().way]).toEqual(['socket', 'webrtc']);
  await rerender({ ...props, src: 'http://h/other/index.m3u8' });
  await pass(0);
  expect(started.slice(0, 2).every((one) => one.destroyed)).toBe(true);
  expect([playing(), screen.getAllByTestId('video').length]).toEqual(['webrtc', 1]);
});

test('a pause is no trouble', async () => {
  render(Player, props);
  await pass(0);
  await plays(0.2);
  await fireEvent(last().video, new Event('pause'));
  await pass(60_000);
  expect([playing(), started.length]).toEqual(['webrtc', 1]);
});

test('a browser that wants a gesture before it plays sound gets silence, and the choice stays remembered', async () => {
  localStorage.setItem('stream-console.loudness', '{"muted":false,"volume":1}');
  render(Player, props);
  await pass(0);
  last().ear.denied();
  await pass(0);
  expect(screen.getByTestId<HTMLVideoElement>('video').muted).toBe(true);
  expect(last().jumps).toBe(1);
  expect(localStorage.getItem('stream-console.loudness')).toContain('"muted":false');
});

test('says when nothing is left to try', async () => {
  render(Player, { ...props, abilities: abilitiesOf({ way: 'hls.js' }), whep: null });
  await pass(0);
  last().ear.failed();
  await pass(0);
  last().ear.failed();
  await pass(0);
  expect(screen.getByTestId('player').textContent).toContain('The player could not be loaded.');
});
