// Apps as a person meets them, over a scripted console.
import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { HostError } from '../../host/errors';
import { fakeHost } from '../../host/fake';
import { FAKE_API_KEY } from '../../host/fake-apps';
import { ConsoleState } from '../../state/console.svelte';
import AppsScreen from './AppsScreen.svelte';
import BuildScreen from './BuildScreen.svelte';
import Stand from './Stand.test.svelte';

afterEach(() => vi.useRealTimers());

function open(scene: string, part: typeof AppsScreen = AppsScreen) {
  const host = fakeHost(scene);
  const state = new ConsoleState(host);
  render(Stand, { console: state, part });
  const advanceTimers = (ms: number) => (vi.isFakeTimers() ? vi.advanceTimersByTime(ms) : undefined);
  return { host, state, user: userEvent.setup({ advanceTimers }) };
}

type Host = ReturnType<typeof fakeHost>;
const card = (name: string) => within(screen.getByRole('article', { name }));
const last = (host: Host, command: string) => host.calls.filter((call) => call.command === command).at(-1);

describe('the cards', () => {
  test('say the state of an app in words, with what to do', async () => {
    open('apps');
    const all = screen.getAllByTestId('app');
    expect(all.map((one) => within(one).getByTestId('state-chip').textContent.trim())).toEqual([
      'Connected',
      'Away',
      'Starting',
      'Failed',
      'Stopped',
      'Stopped',
    ]);
    expect(card('Camera Demo').getByTestId('app-part').textContent).toContain('Started this stream');
    expect(card('Second App').getByTestId('app-part').textContent).toContain('Joined this stream');
    expect(screen.getByRole('article', { name: 'Camera Demo' }).textContent).toContain(
      'managed_stream_status, glasses_battery_update',
    );
    expect(screen.getByRole('article', { name: 'Doorbell' }).textContent).toContain(
      'Start the app, then press Start here.',
    );
    expect(screen.getByTestId('apps-hold').textContent).toBe(
      'Started by Camera Demo. Joined: Second App (away).',
    );
  });

  test('start and stop an app', async () => {
    const { host, user } = open('apps');
    await user.click(screen.getByRole('button', { name: 'Start Photo Walk' }));
    expect(last(host, 'start_app')?.args).toEqual({ packageName: 'com.example.walk' });
    await waitFor(() =>
      expect(card('Photo Walk').getByTestId('state-chip').textContent.trim()).toBe('Connected'),
    );
    const stop = screen.getByRole('button', { name: 'Stop Photo Walk' });
    expect(document.activeElement).toBe(stop);
    await user.click(stop);
    expect(last(host, 'stop_app')?.args).toEqual({ packageName: 'com.example.walk' });
    await waitFor(() =>
      expect(card('Photo Walk').getByTestId('state-chip').textContent.trim()).toBe('Stopped'),
    );
  });

  test('change one permission and nothing else', async () => {
    const { host, user } = open('apps');
    const camera = card('Doorbell').getByRole('switch', { name: 'Camera' });
    await user.click(camera);
    expect(last(host, 'update_app')?.args).toEqual({
      name: 'Doorbell',
      packageName: 'com.example.doorbell',
      url: 'http://127.0.0.1:7040',
      permissions: ['CAMERA'],
    });
    await waitFor(() => expect(camera.getAttribute('aria-checked')).toBe('true'));
    expect(screen.getByRole('article', { name: 'Doorbell' }).textContent).toContain('on file');
  });

  test.each([
    ['Allow', true],
    ['Not now', false],
  ])('an app that asks from another computer: %s', async (word, allow) => {
    const { host, user } = open('apps');
    expect(screen.getByTestId('app-asks').textContent).toContain('Asks to connect from 192.168.1.20.');
    await user.click(card('Laptop App').getByRole('button', { name: word }));
    expect(last(host, 'allow_app')?.args).toEqual({ packageName: 'com.example.laptop', allow });
    await waitFor(() => expect(screen.queryByTestId('app-asks')).toBeNull());
  });

  test('remove an app only after a question', async () => {
    const { host, user } = open('apps');
    await user.click(screen.getByRole('button', { name: 'More for Camera Demo' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Remove…' }));
    const dialog = within(await screen.findByRole('dialog', { name: 'Remove Camera Demo?' }));
    expect(last(host, 'remove_app')).toBeUndefined();
    await user.click(dialog.getByRole('button', { name: 'Remove' }));
    expect(last(host, 'remove_app')?.args).toEqual({ packageName: 'com.example.camera' });
    await waitFor(() => expect(screen.queryByRole('article', { name: 'Camera Demo' })).toBeNull());
  });
});

describe('adding and editing', () => {
  test('asks for what is missing, beside the field, and sends nothing', async () => {
    const { host, user } = open('idle');
    expect(screen.getByTestId('no-apps')).toBeTruthy();
    await user.click(screen.getByTestId('add-app'));
    await user.click(screen.getByTestId('save-app'));
    const field = screen.getByLabelText('Package name');
    expect(field.getAttribute('aria-invalid')).toBe('true');
    expect(document.activeElement).toBe(field);
    expect(last(host, 'add_app')).toBeUndefined();
  });

  test('a new app appears, and its key is nowhere to be read', async () => {
    const { host, state, user } = open('idle');
    await user.click(screen.getByTestId('add-app'));
    await user.type(screen.getByLabelText('Name'), 'Cam');
    await user.type(screen.getByLabelText('Package name'), 'com.example.cam');
    const key = screen.getByLabelText(/API key/);
    expect(key.getAttribute('type')).toBe('password');
    await user.type(key, `${FAKE_API_KEY}{Enter}`);
    expect(last(host, 'add_app')?.args).toEqual({
      name: 'Cam',
      packageName: 'com.example.cam',
      url: 'http://127.0.0.1:7010',
      apiKey: FAKE_API_KEY,
      permissions: ['CAMERA'],
    });
    await waitFor(() =>
      expect(screen.getByRole('article', { name: 'Cam' }).textContent).toContain('on file'),
    );
    expect(state.said).toBe('Cam saved');
    expect(document.body.innerHTML).not.toContain(FAKE_API_KEY);
  });

  test('a refusal is said in the dialog, which stays', async () => {
    const { host, user } = open('idle');
    host.failNext(
      'add_app',
      new HostError({
        code: 'invalid_request',
        message: 'There are 50 apps already.',
        nextStep: 'Remove one.',
      }),
    );
    await user.click(screen.getByTestId('add-app'));
    await user.type(screen.getByLabelText('Package name'), 'com.example.cam{Enter}');
    expect((await screen.findByText('There are 50 apps already.')).closest('[role=alert]')).toBeTruthy();
    expect(screen.getByRole('dialog')).toBeTruthy();
  });

  test('the key on file stays, is replaced, or is forgotten', async () => {
    const { host, user } = open('apps');
    const edit = async () => {
      await user.click(screen.getByRole('button', { name: 'More for Camera Demo' }));
      await user.click(await screen.findByRole('menuitem', { name: 'Edit' }));
    };
    await edit();
    expect(screen.getByLabelText('Package name')).toHaveProperty('readOnly', true);
    expect(screen.getByLabelText(/API key/).getAttribute('placeholder')).toContain('On file');
    await user.click(screen.getByTestId('save-app'));
    expect(last(host, 'update_app')?.args).not.toHaveProperty('apiKey');
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    await edit();
    await user.click(screen.getByRole('button', { name: 'Forget it' }));
    await user.click(screen.getByTestId('save-app'));
    expect(last(host, 'update_app')?.args).toHaveProperty('apiKey', '');
  });
});

describe('the messages', () => {
  test('are asked for while they are looked at, and only then', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const { host, user } = open('apps');
    expect(last(host, 'frames')).toBeUndefined();
    await user.click(screen.getByRole('button', { name: 'Messages of Camera Demo' }));
    const lines = await screen.findAllByTestId('frame');
    expect(lines).toHaveLength(7);
    expect(lines[0]?.textContent).toContain('Webhook');
    expect(lines[1]?.textContent).toContain('Received');
    expect(lines[1]?.textContent).toContain('apiKey: ***');
    await waitFor(() =>
      expect(last(host, 'frames')?.args).toEqual({ packageName: 'com.example.camera', after: 46 }),
    );
    await vi.advanceTimersByTimeAsync(5000);
    const before = host.calls.length;
    await vi.advanceTimersByTimeAsync(5000);
    expect(host.calls.length).toBeGreaterThan(before + 3);
    await user.click(screen.getByRole('button', { name: 'Close the messages' }));
    const asked = host.calls.length;
    await vi.advanceTimersByTimeAsync(5000);
    expect(host.calls).toHaveLength(asked);
  });

  test('open as JSON, and are copied one by one or all', async () => {
    const { host, user } = open('apps');
    await user.click(screen.getByRole('button', { name: 'Messages of Camera Demo' }));
    const [, init] = await screen.findAllByTestId('frame');
    if (init === undefined) throw new Error('there are messages');
    const opener = within(init).getByRole('button', { expanded: false });
    await user.click(opener);
    expect(init.querySelector('pre')?.textContent).toContain('  "apiKey": "***"');
    expect(opener.getAttribute('aria-expanded')).toBe('true');
    await user.click(within(init).getByRole('button', { name: 'Copy message tpa_connection_init' }));
    await user.click(screen.getByRole('button', { name: 'Copy all messages' }));
    expect(host.copied[0]).toContain('"tpa_connection_init"');
    expect(host.copied[1]).toContain('session_request');
    expect(host.copied[1]).toContain('managed_stream_status');
  });

  test('pause on demand', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const { host, user } = open('apps');
    await user.click(screen.getByRole('button', { name: 'Messages of Camera Demo' }));
    await screen.findAllByTestId('frame');
    await user.click(screen.getByTestId('follow'));
    expect(screen.getByTestId('follow').textContent.trim()).toBe('Follow');
    const asked = host.calls.length;
    await vi.advanceTimersByTimeAsync(5000);
    expect(host.calls).toHaveLength(asked);
    await user.click(screen.getByTestId('follow'));
    await waitFor(() => expect(host.calls.length).toBeGreaterThan(asked));
  });

  test('that cannot be read say so', async () => {
    const { host, user } = open('apps');
    host.failNext('frames', new HostError({ code: 'internal', message: 'Not now.', nextStep: 'Try again.' }));
    await user.click(screen.getByRole('button', { name: 'Messages of Camera Demo' }));
    expect((await screen.findByRole('alert')).textContent).toContain('Not now.');
  });
});

test('building an app leads from the program to its start', async () => {
  const { host, user } = open('idle', BuildScreen);
  const code = screen.getByTestId('example');
  const name = screen.getByLabelText('Package name');
  await user.clear(name);
  await user.type(name, 'org.ada.cam');
  const port = screen.getByLabelText('Port');
  await user.clear(port);
  await user.type(port, '7099');
  expect(code.textContent).toContain("packageName: 'org.ada.cam', apiKey: 'example-key', port: 7099");
  await user.click(screen.getByRole('button', { name: 'Copy the program' }));
  expect(host.copied).toEqual([code.textContent]);

  expect(screen.getByTestId('start-example')).toHaveProperty('disabled', true);
  await user.click(screen.getByTestId('add-example'));
  await user.click(screen.getByTestId('save-app'));
  expect(last(host, 'add_app')?.args).toEqual({
    name: 'My first app',
    packageName: 'org.ada.cam',
    url: 'http://127.0.0.1:7099',
    apiKey: 'example-key',
    permissions: ['CAMERA'],
  });
  await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('start-example')));
  await user.click(screen.getByRole('button', { name: 'Switch on the virtual glasses' }));
  expect(last(host, 'set_virtual_glasses')?.args).toEqual({ glasses: {} });
  await waitFor(() => expect(screen.getByTestId('start-example')).toHaveProperty('disabled', false));
  await user.click(screen.getByTestId('start-example'));
  expect(last(host, 'start_app')?.args).toEqual({ packageName: 'org.ada.cam' });
  expect(await screen.findByText('It is connected.')).toBeTruthy();
});
