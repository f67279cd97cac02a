import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { HostError } from '../../host/errors';
import { fakeHost } from '../../host/fake';
import { SETTINGS, snapshot } from '../../host/fake-data';
import { FAKE_GLASSES_TOKEN } from '../../host/fake-glasses';
import type { Settings } from '../../host/generated';
import { ConsoleState } from '../../state/console.svelte';
import SettingsScreen from './SettingsScreen.svelte';

function open(chosen: Settings = SETTINGS, restartNeeded = false) {
  const host = fakeHost('idle');
  const state = new ConsoleState(host);
  const stop = state.listen();
  const shown = snapshot({ settings: { chosen, restartNeeded } });
  render(SettingsScreen, { console: state, snapshot: shown });
  return { host, stop, user: userEvent.setup() };
}

test('nothing can be saved before something was changed', () => {
  const { stop } = open();
  expect(screen.getByTestId('save-settings')).toHaveProperty('disabled', true);
  stop();
});

test('a change is sent whole and said to be saved only then', async () => {
  const { host, user, stop } = open();
  await user.click(screen.getByRole('switch', { name: 'Let devices on my network connect' }));
  const port = screen.getByLabelText('Port for viewers (HTTP)');
  await user.clear(port);
  await user.type(port, '9000');
  expect(screen.getByText('Not saved yet')).toBeTruthy();
  await user.click(screen.getByTestId('save-settings'));
  expect(host.calls.at(-1)).toEqual({
    command: 'update_settings',
    args: { ...SETTINGS, lanAccess: true, httpPort: 9000 },
  });
  await waitFor(() => expect(screen.getByText('Saved')).toBeTruthy());
  stop();
});

test('what cannot be is said beside the field and not sent', async () => {
  const { host, user, stop } = open();
  const grace = screen.getByLabelText('Hold the stream after a drop');
  await user.clear(grace);
  await user.type(grace, '4000');
  expect(screen.getByText(/0 to 1800/)).toBeTruthy();
  expect(grace.getAttribute('aria-invalid')).toBe('true');
  expect(screen.getByTestId('save-settings')).toHaveProperty('disabled', true);
  expect(host.calls).toEqual([]);
  stop();
});

test('what could not be saved stays unsaved', async () => {
  const { host, user, stop } = open();
  host.failNext('update_settings', new HostError({ code: 'storage', message: 'Disk full.', nextStep: null }));
  await user.click(screen.getByRole('switch', { name: 'Start when an encoder connects' }));
  await user.click(screen.getByTestId('save-settings'));
  expect(await screen.findByText('Not saved yet')).toBeTruthy();
  expect(screen.queryByText('Saved')).toBeNull();
  stop();
});

test('a choice that needs a restart says so', () => {
  const { stop } = open({ ...SETTINGS, lanAccess: true }, true);
  expect(screen.getByTestId('restart-needed').textContent).toContain('after a restart');
  stop();
});

test.each([
  ['Play with no delay (WebRTC)', { webrtc: false }],
  ['Show the last picture during a drop', { freezePicture: true }],
  ['Keep destinations on after a stream', { keepDestinationsOn: true }],
  ['Replace what runs, as the MentraOS cloud does', { cloudReplace: true }],
])('“%s” is saved', async (name, over) => {
  const { host, user, stop } = open();
  await user.click(screen.getByRole('switch', { name }));
  await user.click(screen.getByTestId('save-settings'));
  expect(host.calls.at(-1)).toEqual({ command: 'update_settings', args: { ...SETTINGS, ...over } });
  stop();
});

test('the theme is stored at once', async () => {
  const { host, user, stop } = open();
  await user.click(screen.getByRole('radio', { name: 'Light' }));
  expect(host.calls.at(-1)).toEqual({ command: 'update_settings', args: { ...SETTINGS, theme: 'light' } });
  stop();
});

test('a new stream key is made only after a question', async () => {
  const { host, user, stop } = open();
  await user.click(screen.getByRole('button', { name: 'New key' }));
  expect(host.calls).toEqual([]);
  await user.click(await screen.findByRole('button', { name: 'Make a new key' }));
  expect(host.calls.at(-1)?.command).toBe('new_stream_key');
  stop();
});

test('the hub’s port is saved', async () => {
  const { host, user, stop } = open();
  const port = screen.getByLabelText('Port for apps and glasses (hub)');
  await user.clear(port);
  await user.type(port, '9002');
  await user.click(screen.getByTestId('save-settings'));
  expect(host.calls.at(-1)).toEqual({ command: 'update_settings', args: { ...SETTINGS, hubPort: 9002 } });
  stop();
});

test('the token of the glasses is hidden, and renewed only after a question', async () => {
  const { host, user, stop } = open();
  expect(document.body.textContent).not.toContain(FAKE_GLASSES_TOKEN);
  await user.click(screen.getByRole('button', { name: 'New token' }));
  expect(host.calls).toEqual([]);
  await user.click(await screen.findByRole('button', { name: 'Make a new token' }));
  expect(host.calls.at(-1)?.command).toBe('new_glasses_token');
  stop();
});

test('where WebRTC viewers on other networks get in is saved', async () => {
  const { host, user, stop } = open();
  await user.type(screen.getByLabelText('Also reachable at'), 'router');
  expect(screen.getByText(/“router” is not an IP address/)).toBeTruthy();
  expect(screen.getByTestId('save-settings')).toHaveProperty('disabled', true);
  await user.clear(screen.getByLabelText('Also reachable at'));
  await user.type(screen.getByLabelText('Also reachable at'), '203.0.113.7');
  await user.clear(screen.getByLabelText('WebRTC port'));
  await user.type(screen.getByLabelText('WebRTC port'), '9003');
  await user.click(screen.getByTestId('save-settings'));
  expect(host.calls.at(-1)).toEqual({
    command: 'update_settings',
    args: { ...SETTINGS, webrtcPort: 9003, webrtcAddresses: ['203.0.113.7'] },
  });
  stop();
});
