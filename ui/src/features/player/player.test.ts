import { render, screen } from '@testing-library/svelte';
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
  const offer = screen.getAllByRole('button', { name: 'Turn on sound' });
  offer[0]?.click();
  await vi.waitFor(() => expect(video.muted).toBe(false));
  expect(screen.getAllByRole('button', { name: 'Turn off sound' })).toHaveLength(1);
  localStorage.clear();
});
