// The player and its ways: what is on screen, what is said of it, and what the viewer chooses.
import { fireEvent, render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Ear } from './ear';
import { IDLE_MS, STALE_MS } from './idle.svelte';
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

test('says how far behind only while the picture moves, and nothing while there is none', async () => {
  render(Player, props);
  await pass(0);
  await plays(0.2);
  await pass(STALE_MS);
  expect(screen.getByTestId('latency')).toBeTruthy();
  await pass(300);
  expect(screen.queryByTestId('latency')).toBeNull();
  expect(screen.getByTestId('player-way').textContent).toBe('WebRTC');
  last().ear.report({ waiting: true, behindS: null });
  await pass(0);
  expect(screen.queryByTestId('player-way')).toBeNull();
  expect(screen.getByTestId('player-waiting')).toBeTruthy();
  await plays(0.3);
  await pass(250);
  expect(screen.getByTestId('latency').textContent).toBe('0.3 s behind');
});

test('the end of an interruption is not yet a picture that moves', async () => {
  const { rerender } = render(Player, props);
  await pass(0);
  await plays(0.2);
  await rerender({ ...props, interrupted: 'No media arrives.' });
  await pass(10_000);
  await rerender({ ...props, interrupted: null });
  await pass(250);
  expect([screen.getByTestId('player-way').textContent, screen.queryByTestId('latency')]).toEqual([
    'WebRTC',
    null,
  ]);
  await plays(0.2);
  expect(screen.getByTestId('latency')).toBeTruthy();
});

test('its bar and words fade while nobody does anything, and a finger only brings them back', async () => {
  render(Player, props);
  await pass(0);
  await plays(0.2);
  const one = last();
  const player = screen.getByTestId('player');
  const faded = () => player.classList.contains('idle');
  /** Plays on for a while. */
  const playsOn = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 250) {
      one.ear.moved(0.2);
      await pass(250);
    }
  };
  await playsOn(IDLE_MS + 250);
  expect(faded()).toBe(true);
  // Still to be read, by whoever does not look.
  expect(screen.getByTestId('player-way')).toBeTruthy();

  const button = screen.getByTestId('player-details-button');
  await fireEvent.pointerDown(button, { pointerType: 'touch' });
  await fireEvent.click(button);
  expect([faded(), screen.queryByTestId('player-details')]).toEqual([false, null]);
  await fireEvent.pointerDown(button, { pointerType: 'touch' });
  await fireEvent.click(button);
  expect(screen.getByTestId('player-details')).toBeTruthy();
  await playsOn(2 * IDLE_MS);
  expect(faded()).toBe(false);

  await fireEvent.click(screen.getByRole('button', { name: 'Close' }));
  expect(document.activeElement).toBe(button);
  button.blur();
  await playsOn(IDLE_MS + 250);
  expect(faded()).toBe(true);
  await fireEvent.pointerMove(player, { screenX: 10, screenY: 10 });
  expect(faded()).toBe(false);
  await playsOn(IDLE_MS + 250);
  button.focus();
  await pass(0);
  expect(faded()).toBe(false);
});

test('the offer of sound does not fade, and a finger on it is heeded at once', async () => {
  render(Player, { ...props, startMuted: true, offerSound: true });
  await pass(0);
  await plays(0.2);
  await pass(IDLE_MS + 250);
  last().ear.moved(0.2);
  expect(screen.getByTestId('player').classList.contains('idle')).toBe(true);
  const offer = screen.getByRole('button', { name: 'Turn on sound' });
  await fireEvent.pointerDown(offer, { pointerType: 'touch' });
  await fireEvent.click(offer);
  expect(screen.getByTestId<HTMLVideoElement>('video').muted).toBe(false);
});

test('a change of way is told to whoever only listens, the first way is not', async () => {
  render(Player, props);
  await pass(0);
  await plays(0.2);
  const status = screen.getByRole('status');
  await pass(2000);
  expect(status.textContent).toBe('');
  await pass(250);
  await plays(0.4);
  expect(status.textContent).toBe('Now playing by Low latency: WebRTC did not play.');
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

test('the details close when something else is pressed or focused', async () => {
  render(Player, props);
  await pass(0);
  await plays(0.2);
  const open = async () => {
    await userEvent.click(screen.getByRole('button', { name: 'How it plays' }));
    return screen.getByTestId('player-details');
  };
  await fireEvent.pointerDown(await open());
  expect(screen.queryByTestId('player-details')).not.toBeNull();
  await fireEvent.pointerDown(screen.getByTestId('video'));
  expect(screen.queryByTestId('player-details')).toBeNull();
  await open();
  await fireEvent.focusIn(screen.getByTestId('mute'));
  expect(screen.queryByTestId('player-details')).not.toBeNull();
  await fireEvent.focusIn(document.body);
  expect(screen.queryByTestId('player-details')).toBeNull();
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
