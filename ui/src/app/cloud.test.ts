// Real glasses through MentraOS, as a person sets them up and uses them.
import { cleanup, render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HostError } from '../host/errors';
import { fakeHost, type FakeHost } from '../host/fake';
import type { CommandName } from '../host/host';
import App from './App.svelte';

const KEY = 'planted-api-key-88xz';

beforeEach(() => (location.hash = ''));
afterEach(() => cleanup());

function open(scene: string, hash = '') {
  location.hash = hash;
  const host = fakeHost(scene);
  render(App, { host });
  return { host, user: userEvent.setup() };
}

const last = (host: FakeHost, command: CommandName) =>
  host.calls.filter((call) => call.command === command).at(-1);

describe('setting up Mentra glasses', () => {
  test('is one quiet line until it is done', async () => {
    open('idle');
    const line = await screen.findByTestId('set-up-cloud');
    expect(line.getAttribute('href')).toBe('#/glasses');
    expect(screen.queryByTestId('cloud-card')).toBeNull();
    expect(screen.queryByRole('radio', { name: /Mentra glasses/ })).toBeNull();
  });

  test('asks for what is missing, then becomes the app, and forgets the key at once', async () => {
    const { host, user } = open('idle', '#/glasses');
    await user.type(await screen.findByLabelText('Package name'), 'nothing');
    await user.click(screen.getByTestId('save-cloud'));
    expect(last(host, 'set_cloud')).toBeUndefined();
    expect(document.activeElement).toBe(screen.getByLabelText('Package name'));
    await user.clear(screen.getByLabelText('Package name'));
    await user.type(screen.getByLabelText('Package name'), 'com.ada.cam');
    await user.type(screen.getByLabelText('API key'), KEY);
    await user.type(screen.getByLabelText('Public address of the tunnel'), 'https://quiet.example.com');
    await user.click(screen.getByTestId('save-cloud'));
    expect(last(host, 'set_cloud')?.args).toEqual({
      packageName: 'com.ada.cam',
      apiKey: KEY,
      webhookPort: 7010,
      publicUrl: 'https://quiet.example.com',
      clouds: [],
    });
    await screen.findByText('On file');
    expect((screen.getByLabelText('API key') as HTMLInputElement).value).toBe('');
    expect(document.body.innerHTML).not.toContain(KEY);
    expect(screen.getByTestId('step-5').textContent).toContain('com.ada.cam');
  });

  test('tells what the console refuses', async () => {
    const { host, user } = open('cloud-setup', '#/glasses');
    await user.type(await screen.findByLabelText('API key'), KEY);
    host.failNext(
      'set_cloud',
      new HostError({ code: 'busy', message: 'The glasses are streaming.', nextStep: 'Stop first.' }),
    );
    await user.click(screen.getByTestId('save-cloud'));
    expect((await screen.findByText(/The glasses are streaming/)).textContent).toBeDefined();
    expect((screen.getByLabelText('API key') as HTMLInputElement).value).toBe(KEY);
  });

  test('a relay tells its public address by itself', async () => {
    const { user } = open('cloud-setup', '#/glasses');
    await user.click(await screen.findByRole('radio', { name: /A relay/ }));
    await user.type(screen.getByLabelText('Address of the relay'), 'wss://relay.example.com');
    await user.type(screen.getByLabelText('Token of this computer'), 'token-token-token');
    await user.click(screen.getByTestId('save-cloud'));
    await waitFor(() => expect(screen.getByTestId('relay-state').textContent).toContain('connected'));
    expect(screen.getByTestId('step-3').textContent).toContain('https://relay.example.com/4f1c09aa77bd0032');
    expect(document.body.innerHTML).not.toContain('token-token-token');
  });

  test('the test of the way names the step it ends at', async () => {
    const { user } = open('cloud-setup', '#/glasses');
    await user.click(await screen.findByTestId('check-webhook'));
    const steps = within(screen.getByTestId('webhook-steps'));
    await waitFor(() => expect(steps.getAllByRole('listitem')).toHaveLength(5));
    expect(steps.getAllByRole('listitem').at(-1)?.textContent).toContain(
      'Let it lead to http://127.0.0.1:7010',
    );
    expect(screen.getByTestId('step-4').textContent).toContain('Not reachable');
  });

  test('who is connected shows by itself, and leaving asks first', async () => {
    const { host, user } = open('cloud-ready', '#/glasses');
    const step = await screen.findByTestId('step-5');
    expect(step.textContent).toContain('user@example.com');
    expect(step.textContent).toContain('64 %');
    expect(step.textContent).toContain('Home 5G');
    await user.click(screen.getByRole('button', { name: 'Disconnect…' }));
    await user.click(screen.getByTestId('confirm-disconnect'));
    expect(last(host, 'remove_cloud')).toBeDefined();
    await waitFor(() => expect(screen.getByTestId('step-2').textContent).toContain('To do'));
  });
});

describe('streaming with them', () => {
  test('goes to this computer unless MentraOS is chosen', async () => {
    const { host, user } = open('cloud-ready');
    await user.click(await screen.findByRole('radio', { name: /Mentra glasses/ }));
    const choice = within(screen.getByTestId('cloud-delivery'));
    expect((choice.getByRole('radio', { name: /To this computer/ }) as HTMLInputElement).checked).toBe(true);
    await user.click(choice.getByRole('radio', { name: /Through MentraOS/ }));
    await user.click(screen.getByTestId('primary'));
    expect(last(host, 'start_managed')?.args).toMatchObject({ cameraLink: 'cloud', delivery: 'cloud' });
  });

  test('or straight to a server', async () => {
    const { host, user } = open('cloud-ready');
    await user.click(await screen.findByRole('radio', { name: /Mentra glasses/ }));
    await user.click(screen.getByTestId('unmanaged'));
    await user.type(screen.getByLabelText(/Address of your server/), 'rtmp://h/a/k{Enter}');
    expect(last(host, 'start_unmanaged')?.args).toEqual({ url: 'rtmp://h/a/k', cameraLink: 'cloud' });
  });

  test('cannot be chosen while nobody is there, and says why', async () => {
    open('cloud-setup');
    const choice = await screen.findByRole('radio', { name: /Mentra glasses/ });
    expect((choice as HTMLInputElement).disabled).toBe(true);
    expect(screen.getByTestId('cloud-card').textContent).toContain('No phone runs the app');
  });

  test('what MentraOS delivers is not measured, and its destinations are its own', async () => {
    open('cloud-live');
    expect((await screen.findByTestId('sent-by-cloud')).textContent).toContain(
      'MentraOS sends this stream on',
    );
    expect(screen.queryByTestId('viewers')).toBeNull();
    expect(screen.queryByTestId('share-watch')).toBeNull();
    expect(screen.getByTestId('share-links').textContent).toContain('HLS');
    expect(screen.getByTestId('share-links').textContent).not.toContain('Thumbnail');
    expect(screen.queryByTestId('go-live')).toBeNull();
  });

  test('a problem is told on the desk', async () => {
    open('cloud-problem');
    expect((await screen.findByTestId('cloud-card')).textContent).toContain('does not take the API key');
  });
});
