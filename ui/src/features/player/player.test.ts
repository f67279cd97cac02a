import { fireEvent, render, screen } from '@testing-library/svelte';
import { beforeEach, expect, test, vi } from 'vitest';
import Player from './Player.svelte';
import { abilitiesOf } from './means';
import type { Path } from './policy';

const props = { src: 'http://h/index.m3u8', label: 'Preview' };
beforeEach(() => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no network')));
});

const cannot = (reason: Extract<Path, { way: 'none' }>['reason']): Path => ({ way: 'none', reason });

test('names the missing package on Linux and offers the browser instead', async () => {
  const onopenelsewhere = vi.fn();
  render(Player, { ...props, abilities: abilitiesOf(cannot('codecs-linux')), onopenelsewhere });
  expect(screen.getByTestId('player-cannot').textContent).toContain('gstreamer1.0-libav');
  screen.getByRole('button', { name: 'Open the watch page in the browser' }).click();
  expect(onopenelsewhere).toHaveBeenCalledOnce();
  expect(screen.queryByTestId('video')).toBeNull();
});

test.each([
  ['codecs', 'cannot decode'],
  ['media-source', 'cannot play live video'],
] as const)('says what is missing elsewhere: %s', (reason, words) => {
  render(Player, { ...props, abilities: abilitiesOf(cannot(reason)) });
  expect(screen.getByTestId('player-cannot').textContent).toContain(words);
});

test('while media is missing it says so over the picture', () => {
  render(Player, { ...props, abilities: abilitiesOf({ way: 'native' }), interrupted: 'No media arrives.' });
  expect(screen.getByTestId('player-interrupted').textContent).toContain('No media arrives.');
});

test('starts without sound and offers it', async () => {
  render(Player, { ...props, abilities: abilitiesOf({ way: 'native' }), startMuted: true, offerSound: true });
  const video = screen.getByTestId<HTMLVideoElement>('video');
  expect(video.muted).toBe(true);
  // The large one alone has the name; the small one in the bar does the same.
  const offer = screen.getByRole('button', { name: 'Turn on sound' });
  expect([offer.dataset.testid, screen.getByTestId('mute').getAttribute('aria-label')]).toEqual([
    undefined,
    'Unmute',
  ]);
  offer.click();
  await vi.waitFor(() => expect(video.muted).toBe(false));
  expect(screen.getAllByRole('button', { name: 'Turn off sound' })).toHaveLength(1);
  localStorage.clear();
});

test('the slider pulled down to nothing comes back as loud as it was, and says how loud it is', async () => {
  localStorage.setItem('stream-console.loudness', '{"muted":false,"volume":0.6}');
  render(Player, { ...props, abilities: abilitiesOf({ way: 'native' }) });
  const slider = screen.getByRole<HTMLInputElement>('slider', { name: 'Volume' });
  const video = screen.getByTestId<HTMLVideoElement>('video');
  expect([slider.value, slider.getAttribute('aria-valuetext')]).toEqual(['0.6', '60 percent']);
  for (const value of ['0.4', '0.05', '0']) await fireEvent.input(slider, { target: { value } });
  await fireEvent.change(slider);
  expect([video.muted, slider.value, slider.getAttribute('aria-valuetext')]).toEqual([true, '0', 'muted']);
  expect(localStorage.getItem('stream-console.loudness')).toBe('{"muted":true,"volume":0.6}');
  await fireEvent.click(screen.getByTestId('mute'));
  expect([video.muted, video.volume, slider.value]).toEqual([false, 0.6, '0.6']);

  await fireEvent.input(slider, { target: { value: '0.3' } });
  await fireEvent.change(slider);
  await fireEvent.input(slider, { target: { value: '0' } });
  await fireEvent.click(screen.getByTestId('mute'));
  expect(video.volume).toBe(0.3);
  localStorage.clear();
});
