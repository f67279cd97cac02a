// The whole console over a scripted host: every state says in words what is so and what to do.
import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HostError } from '../host/errors';
import { fakeHost } from '../host/fake';
import { session, urls, whep } from '../host/fake-data';
import App from './App.svelte';

beforeEach(() => {
  location.hash = '';
});
afterEach(() => localStorage.clear());

async function open(scene: string, hash = '') {
  location.hash = hash;
  const host = fakeHost(scene);
  render(App, { host });
  return { host, user: userEvent.setup() };
}

describe('the Live screen', () => {
  test.each([
    ['idle', 'Ready', 'Start', 'ready', ['off', 'off']],
    ['starting-camera', 'Starting the camera', 'Stop', 'waiting', ['waiting', 'off']],
    ['preparing', 'Preparing', 'Stop', 'waiting', ['flowing', 'off']],
    ['stopping', 'Stopping', 'Stopping', 'stopping', ['off', 'off']],
    ['ended', 'Ended', 'Start', 'ended', ['off', 'off']],
    ['error', 'Failed', 'Try again', 'failed', ['failed', 'off']],
  ])('in the scene %s', async (scene, chip, action, stage, cables) => {
    await open(scene);
    expect((await screen.findByTestId('state-chip')).textContent.trim()).toBe(chip);
    expect(screen.getByTestId('primary').textContent.trim()).toBe(action);
    expect(screen.getByTestId('stage').dataset.stage).toBe(stage);
    expect(screen.getAllByTestId('cable').map((cable) => cable.dataset.state)).toEqual(cables);
  });

  test('hands out addresses only while it plays', async () => {
    const { host, user } = await open('preparing');
    const copy = await screen.findByRole('button', { name: 'Copy watch page address' });
    expect(copy).toHaveProperty('disabled', true);
    expect(screen.getByText('Not yet: waiting for video')).toBeTruthy();

    host.tell({
      kind: 'session',
      session: session({
        phase: 'live',
        state: 'active',
        streamId: 'st-06',
        cameraLink: 'demo',
        urls: urls(),
      }),
    });
    await waitFor(() => expect(copy).toHaveProperty('disabled', false));
    await user.click(copy);
    await user.click(screen.getByRole('button', { name: 'Copy HLS address' }));
    expect(host.copied).toEqual([urls().preview, urls().hls]);
    await waitFor(() => expect(screen.getByTestId('announcer').textContent).toBe('HLS address copied'));
  });

  test('offers the QR code of the watch page', async () => {
    const { user } = await open('live');
    await user.click(await screen.findByRole('button', { name: 'QR code of the watch page' }));
    expect(screen.getByRole('img', { name: 'QR code of the watch page address' })).toBeTruthy();
  });

  test('says how to connect an encoder while it waits for one, and keeps the key hidden', async () => {
    const { host, user } = await open('waiting');
    const panel = within(await screen.findByTestId('connect'));
    expect(panel.getByText('Waiting for your encoder')).toBeTruthy();
    expect(panel.getByText('rtmp://127.0.0.1:1935/live')).toBeTruthy();
    expect(document.body.textContent).not.toContain('sk-7fq2');
    await user.click(panel.getByRole('button', { name: 'Copy stream key' }));
    expect(host.copied).toEqual(['sk-7fq2-m9xd-41ke-tz8w']);
  });

  test('says how to connect a WHIP encoder with the same key', async () => {
    const { host, user } = await open('waiting');
    const panel = within(await screen.findByTestId('connect'));
    await user.click(panel.getByRole('radio', { name: 'WHIP (WebRTC)' }));
    expect(panel.getByText('http://127.0.0.1:8935/whip')).toBeTruthy();
    expect(panel.getByText('http://192.168.1.20:8935/whip')).toBeTruthy();
    expect(panel.queryByText('rtmp://127.0.0.1:1935/live')).toBeNull();
    await user.click(panel.getByRole('button', { name: 'Copy bearer token' }));
    await user.click(panel.getByRole('button', { name: 'Copy both in one' }));
    expect(host.copied).toEqual([
      'sk-7fq2-m9xd-41ke-tz8w',
      'http://127.0.0.1:8935/whip/sk-7fq2-m9xd-41ke-tz8w',
    ]);
    expect(document.body.textContent).not.toContain('sk-7fq2');
  });

  test('lists the WebRTC address with what it is, and who watches by it', async () => {
    const { host, user } = await open('live-webrtc');
    await user.click(await screen.findByRole('button', { name: 'Copy WebRTC address' }));
    expect(host.copied).toEqual([whep()]);
    expect(screen.getByTestId('webrtc-words').textContent).toContain('WHEP');
    expect(screen.getByTestId('source-card').textContent).toContain(
      '3 · weakest line about 2 Mb/s · loses 2 %',
    );
  });

  test('says why there is no WebRTC although it was asked for', async () => {
    await open('b-frames');
    expect((await screen.findByTestId('webrtc-words')).textContent).toContain('B-frames');
    expect(screen.getByTestId('source-card').textContent).toContain('Set B-frames to 0 in OBS');
    expect(screen.queryByRole('button', { name: 'Copy WebRTC address' })).toBeNull();
  });

  test('says nothing of WebRTC where nobody asked for it', async () => {
    await open('live');
    await screen.findByTestId('share-links');
    expect(screen.queryByTestId('webrtc-words')).toBeNull();
  });

  test('counts down while the stream is held', async () => {
    await open('interrupted');
    const held = within(await screen.findByTestId('interrupted'));
    expect(held.getByText(/Start the encoder again/)).toBeTruthy();
    expect(held.getByTestId('grace-left').textContent).toMatch(/^0:4[01]$/);
  });

  test('tells what went wrong and what to do', async () => {
    await open('error');
    const stage = await screen.findByTestId('stage');
    expect(stage.textContent).toContain('no playable picture arrived within 15 s');
    expect(stage.textContent).toContain('keyframe interval to 2 s');
  });

  test('tells that an encoder was shut out', async () => {
    await open('held-off');
    expect((await screen.findByTestId('held-off')).textContent).toContain('Press Start to let it in again');
  });

  test('shows findings about the signal, or that it is healthy', async () => {
    await open('live-encoder');
    expect((await screen.findByTestId('source-card')).textContent).toContain(
      'A keyframe comes only every 8.0 s.',
    );
  });

  test('starts the chosen source and stops it again', async () => {
    const { host, user } = await open('idle');
    await user.click(await screen.findByRole('radio', { name: /Encoder/ }));
    expect(screen.getByTestId('connect').textContent).toContain('Connect your encoder');
    await user.click(screen.getByTestId('primary'));
    expect(host.calls.at(-1)).toEqual({
      command: 'start_managed',
      args: { cameraLink: 'manual', enableWebrtc: true },
    });
    await waitFor(() => expect(screen.getByTestId('primary').textContent.trim()).toBe('Stop'));
    await user.click(screen.getByTestId('primary'));
    expect(host.calls.at(-1)?.command).toBe('stop_stream');
  });

  test('turns the page when another source is chosen after the end', async () => {
    const { user } = await open('ended');
    expect((await screen.findByTestId('stage')).dataset.stage).toBe('ended');
    await user.click(screen.getByRole('radio', { name: /Encoder/ }));
    expect(screen.getByTestId('connect').textContent).toContain('Connect your encoder');
    await user.click(screen.getByRole('radio', { name: /Demo camera/ }));
    expect(screen.getByTestId('stage').dataset.stage).toBe('ready');
  });

  test('asks the camera for the chosen quality, an encoder for none', async () => {
    const { host, user } = await open('idle');
    await user.selectOptions(await screen.findByLabelText('Picture'), '1080p');
    await user.click(screen.getByTestId('primary'));
    expect(host.calls.at(-1)?.args).toEqual({
      cameraLink: 'demo',
      enableWebrtc: true,
      quality: '1080p',
    });
  });

  test('shows a refusal with its next step until it is dismissed', async () => {
    const { host, user } = await open('idle');
    host.failNext(
      'start_managed',
      new HostError({ code: 'busy', message: 'A stream is being stopped.', nextStep: 'Wait a moment.' }),
    );
    await user.click(await screen.findByTestId('primary'));
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toContain('A stream is being stopped.');
    expect(alert.textContent).toContain('Wait a moment.');
    await user.click(within(alert).getByRole('button', { name: 'Dismiss' }));
    expect(screen.queryByRole('alert')).toBeNull();
  });

  test('calls a stream that is sent to nobody a preview, and offers to go live before all else', async () => {
    const { user } = await open('preview');
    expect((await screen.findByTestId('state-chip')).textContent.trim()).toBe('Preview');
    expect(screen.getByTestId('preview').textContent).toContain('Only you see this.');
    expect(screen.getByTestId('primary').className).not.toContain('stop');
    await user.click(screen.getByTestId('go-live'));
    await user.click(screen.getByTestId('confirm-go-live'));
    await waitFor(() => expect(screen.getByTestId('state-chip').textContent.trim()).toBe('Live'));
    expect(screen.getByTestId('primary').className).toContain('stop');
    expect(screen.getByTestId('on-air').textContent).toBe('3 of 3 destinations on air');
  });

  test('says loudly when nobody sees what is sent', async () => {
    await open('destinations');
    const banners = await screen.findAllByTestId('bandwidth-test');
    expect(banners[0]?.textContent).toContain('Nobody sees what goes to Twitch.');
  });

  test('has a lane for every destination on the time axis, in words too', async () => {
    await open('fan-out');
    const axis = await screen.findByTestId('timeline');
    expect(axis.textContent).toContain('Club server: Trying again. The server closed the connection.');
    expect([...axis.querySelectorAll('.name')].map((name) => name.textContent)).toEqual([
      'YouTube',
      'Twitch',
      'Club server',
    ]);
  });

  test('reads out a change of state and writes it into the window’s title', async () => {
    const { host } = await open('idle');
    await screen.findByTestId('primary');
    host.tell({
      kind: 'session',
      session: session({ phase: 'live', state: 'active', streamId: 'x', urls: urls() }),
    });
    await waitFor(() => expect(screen.getByTestId('announcer').textContent).toBe('Live'));
    await waitFor(() => expect(document.title).toBe('Live · Stream Console'));
  });
});

describe('the first run', () => {
  test('starts the demo camera with one press', async () => {
    const { host, user } = await open('first-run');
    await user.click(await screen.findByTestId('try-demo'));
    expect(host.calls.at(-1)).toEqual({
      command: 'start_managed',
      args: { cameraLink: 'demo', enableWebrtc: true, quality: '720p' },
    });
    await waitFor(() => expect(screen.queryByTestId('first-run')).toBeNull());
    // The pressed button went with the welcome; the keyboard goes on from the stream's heading.
    expect(document.activeElement).toBe(screen.getByRole('heading', { level: 1 }));
  });

  test('leads to the encoder’s connection', async () => {
    const { host, user } = await open('first-run');
    await user.click(await screen.findByTestId('use-encoder'));
    expect(host.calls.at(-1)).toEqual({
      command: 'start_managed',
      args: { cameraLink: 'manual', enableWebrtc: true },
    });
    expect(await screen.findByText('Waiting for your encoder')).toBeTruthy();
  });

  test('is over once there is a history', async () => {
    await open('idle');
    expect(await screen.findByTestId('stage')).toBeTruthy();
    expect(screen.queryByTestId('first-run')).toBeNull();
  });
});

describe('the connection', () => {
  test('that is lost is said, and nothing can be pressed that would fail', async () => {
    await open('lost');
    expect((await screen.findByTestId('connection-lost')).textContent).toContain(
      'Connection to the console lost.',
    );
    expect(screen.getByTestId('primary')).toHaveProperty('disabled', true);
  });

  test.each([
    ['loading', 'Opening the console'],
    ['refused', 'This page may not use the console'],
  ])('%s', async (scene, words) => {
    await open(scene);
    expect((await screen.findByTestId('gate')).textContent).toContain(words);
  });
});

test('every screen is reached by its link, and the current one is marked', async () => {
  const { user } = await open('idle');
  await user.click(await screen.findByRole('link', { name: /History/ }));
  location.hash = '#/history';
  window.dispatchEvent(new Event('hashchange'));
  await waitFor(() =>
    expect(screen.getByRole('link', { name: /History/ }).getAttribute('aria-current')).toBe('page'),
  );
});
