// Destinations as a person meets them, over a scripted console.
import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, test } from 'vitest';
import { HostError } from '../../host/errors';
import { fakeHost } from '../../host/fake';
import { FAKE_KEY } from '../../host/fake-commands';
import { ConsoleState } from '../../state/console.svelte';
import BroadcastActions from './BroadcastActions.svelte';
import Stand from './Stand.test.svelte';

afterEach(() => localStorage.clear());

function open(scene: string) {
  const host = fakeHost(scene);
  const state = new ConsoleState(host);
  render(Stand, { console: state });
  return { host, state, user: userEvent.setup() };
}

const cards = () => screen.getAllByTestId('destination');
const card = (name: string) => within(screen.getByRole('article', { name }));
const last = (host: ReturnType<typeof fakeHost>) => host.calls.at(-1);

async function menu(user: ReturnType<typeof userEvent.setup>, name: string, item: RegExp) {
  await user.click(screen.getByRole('button', { name: `More for ${name}` }));
  await user.click(await screen.findByRole('menuitem', { name: item }));
}

describe('the cards', () => {
  test('say their state in words, with what is measured and what to do', async () => {
    open('destinations');
    expect(cards().map((one) => within(one).getByTestId('destination-state').textContent.trim())).toEqual([
      'On air',
      'On air',
      'Trying again in 6 s',
      'Failed',
      'Takes nothing',
      'Connecting',
      'Held',
      'Ended',
      'Standing by',
      'Off',
    ]);
    expect(card('Twitch').getByTestId('destination-facts').textContent).toContain('14 dropped');
    expect(card('Twitch').getByTestId('bandwidth-test').textContent).toContain('nobody sees this');
    expect(screen.getByRole('article', { name: 'Facebook' }).textContent).toContain(
      'Facebook refused the stream key. Copy it again from Live Producer',
    );
  });

  test('are switched on and off, and tried at once', async () => {
    const { host, user } = open('fan-out');
    await user.click(card('YouTube').getByRole('switch', { name: 'YouTube' }));
    expect(last(host)).toEqual({ command: 'set_destination', args: { id: 'de-yt', enabled: false } });
    await waitFor(() =>
      expect(card('YouTube').getByTestId('destination-state').textContent.trim()).toBe('Off'),
    );
    await user.click(card('Club server').getByRole('button', { name: 'Try now' }));
    expect(last(host)).toEqual({ command: 'retry_destination', args: { id: 'de-cl' } });
    await waitFor(() => expect(card('Club server').queryByRole('button', { name: 'Try now' })).toBeNull());
  });

  test('are ordered with the keyboard, and the new place is read out', async () => {
    const { host, state, user } = open('preview');
    screen.getByRole('button', { name: /Move YouTube, 1 of 3/ }).focus();
    await user.keyboard('{ArrowDown}');
    expect(last(host)).toEqual({
      command: 'order_destinations',
      args: { ids: ['de-tw', 'de-yt', 'de-cl'] },
    });
    await waitFor(() => expect(state.said).toContain('YouTube moved to place 2 of 3'));
    await user.keyboard('{Alt>}{ArrowDown}{/Alt}');
    await waitFor(() => expect(cards()[2]?.textContent).toContain('YouTube'));
    const calls = host.calls.length;
    await user.keyboard('{ArrowDown}');
    expect(host.calls).toHaveLength(calls);
  });

  test('a change of state is read out', async () => {
    const { host, state } = open('preview');
    const [first, ...rest] = state.snapshot?.destinations ?? [];
    if (first === undefined) throw new Error('the scene has destinations');
    host.tell({
      kind: 'destinations',
      keyPlace: 'keychain',
      destinations: [{ ...first, state: 'starting' }, ...rest],
    });
    await waitFor(() => expect(state.said).toBe('YouTube: Connecting'));
  });

  test('have a menu that the keyboard opens, walks and closes', async () => {
    const { user } = open('preview');
    const button = screen.getByRole('button', { name: 'More for Twitch' });
    button.focus();
    await user.keyboard('{Enter}');
    const items = await screen.findAllByRole('menuitem');
    expect(items.map((item) => item.textContent.trim())).toEqual([
      'Edit',
      'Test',
      'Duplicate',
      'Move up',
      'Move down',
      'Remove…',
    ]);
    await waitFor(() => expect(document.activeElement).toBe(items[0]));
    await user.keyboard('{ArrowUp}');
    expect(document.activeElement).toBe(items[5]);
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('menu')).toBeNull();
    expect(document.activeElement).toBe(button);
  });

  test('are duplicated, and removed only after a question', async () => {
    const { host, user } = open('fan-out');
    await menu(user, 'Twitch', /Duplicate/);
    await waitFor(() => expect(cards()).toHaveLength(4));
    await menu(user, 'YouTube', /Remove/);
    const dialog = within(await screen.findByRole('dialog', { name: 'Remove YouTube?' }));
    expect(screen.getByRole('dialog').textContent).toContain('Its broadcast ends at once.');
    expect(host.calls.map(({ command }) => command)).not.toContain('remove_destination');
    await user.click(dialog.getByRole('button', { name: 'Remove' }));
    expect(last(host)).toEqual({ command: 'remove_destination', args: { id: 'de-yt' } });
    await waitFor(() => expect(screen.queryByRole('article', { name: 'YouTube' })).toBeNull());
  });

  test('cannot be touched while the console is away', async () => {
    const { host, user } = open('lost');
    const buttons = [...screen.getAllByRole('switch'), screen.getByTestId('add-destination')];
    expect(buttons.every((one) => (one as HTMLButtonElement).disabled)).toBe(true);
    await user.click(screen.getByRole('button', { name: 'Try now' }));
    await user.keyboard('{Alt>}{ArrowDown}{/Alt}');
    expect(host.calls).toEqual([]);
  });

  test('without any, the stream is said to be private', () => {
    open('live');
    expect(screen.getByTestId('no-destinations').textContent).toContain('Your stream is private.');
    expect(screen.getByTestId('cable').dataset.state).toBe('off');
  });
});

describe('adding', () => {
  test('asks for the service, then only for what it needs', async () => {
    const { host, user } = open('live');
    await user.click(screen.getByTestId('add-destination'));
    await user.click(await screen.findByRole('button', { name: 'Twitch' }));
    const key = screen.getByLabelText('Stream key');
    expect(key.getAttribute('type')).toBe('password');
    expect(key.getAttribute('autocomplete')).toBe('off');
    expect(screen.getByTestId('key-place').textContent).toContain('keychain');

    await user.click(screen.getByTestId('save-destination'));
    expect(screen.getByText('Paste the stream key.')).toBeTruthy();
    expect(host.calls.map(({ command }) => command)).toEqual(['presets']);

    await user.selectOptions(screen.getByLabelText('Send to'), 'rtmps://fra02.contribute.live-video.net/app');
    await user.type(key, 'live_123');
    await user.click(screen.getByRole('switch', { name: 'Bandwidth test' }));
    expect(screen.getByTestId('bandwidth-test').textContent).toContain('nobody sees this');
    await user.click(screen.getByTestId('save-destination'));
    expect(last(host)).toEqual({
      command: 'add_destination',
      args: {
        preset: 'twitch',
        name: 'Twitch',
        url: 'rtmps://fra02.contribute.live-video.net/app',
        streamKey: 'live_123',
        bandwidthTest: true,
      },
    });
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(cards()).toHaveLength(1);
  });

  test('moves a key out of the address, says so, and takes it back', async () => {
    const { user } = open('live');
    await user.click(screen.getByTestId('add-destination'));
    await user.click(await screen.findByRole('button', { name: 'Other server' }));
    const url = screen.getByLabelText<HTMLInputElement>('Address (RTMP or RTMPS)');
    const key = screen.getByLabelText<HTMLInputElement>(/^Stream key/);
    await user.click(url);
    await user.paste('rtmp://media.example/live/abcd');
    await user.tab();
    await waitFor(() => expect([url.value, key.value]).toEqual(['rtmp://media.example/live', 'abcd']));
    expect(screen.getByText('The address held a stream key.')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Undo' }));
    expect([url.value, key.value]).toEqual(['rtmp://media.example/live/abcd', '']);
    await fireEvent.change(url);
    expect(key.value).toBe('');
  });

  test('says what could not be stored, and keeps what was typed', async () => {
    const { host, user } = open('live');
    await user.click(screen.getByTestId('add-destination'));
    await user.click(await screen.findByRole('button', { name: 'YouTube' }));
    await user.type(screen.getByLabelText('Stream key'), 'abcd');
    host.failNext(
      'add_destination',
      new HostError({ code: 'storage', message: 'The disk is full.', nextStep: 'Free some space.' }),
    );
    await user.click(screen.getByTestId('save-destination'));
    expect((await screen.findByRole('alert')).textContent).toContain('The disk is full. Free some space.');
    expect(screen.getByLabelText<HTMLInputElement>('Stream key').value).toBe('abcd');
  });

  test('leads to the page with the key, and tests at once when asked to', async () => {
    const { host, user } = open('live');
    await user.click(screen.getByTestId('add-destination'));
    await user.click(await screen.findByRole('button', { name: 'YouTube' }));
    await user.click(screen.getByRole('button', { name: 'Open YouTube’s page' }));
    expect(host.opened).toEqual(['https://studio.youtube.com/']);
    await user.type(screen.getByLabelText('Stream key'), 'abcd{Enter}');
    await waitFor(() => expect(last(host)?.command).toBe('add_destination'));
    await menu(user, 'YouTube', /Test/);
    expect((await screen.findByTestId('test-result')).textContent).toContain('YouTube accepted the key.');
  });
});

describe('a stored key', () => {
  async function edit() {
    const opened = open('fan-out');
    await menu(opened.user, 'YouTube', /Edit/);
    const eye = await screen.findByRole('button', { name: 'Hold to show the stream key' });
    return { ...opened, eye };
  }
  const visible = () => document.body.innerHTML.includes(FAKE_KEY);

  test('is in the page only while the button is held', async () => {
    const { eye, host } = await edit();
    expect(host.calls.map(({ command }) => command)).not.toContain('reveal_key');
    await fireEvent.pointerDown(eye);
    await waitFor(() => expect(visible()).toBe(true));
    await fireEvent.pointerUp(window);
    expect(visible()).toBe(false);
    await fireEvent.keyDown(eye, { key: ' ' });
    await waitFor(() => expect(visible()).toBe(true));
    await fireEvent.keyUp(eye, { key: ' ' });
    expect(visible()).toBe(false);
  });

  test('is not shown when the button was let go before the answer came', async () => {
    const { eye } = await edit();
    await fireEvent.pointerDown(eye);
    void fireEvent.pointerUp(window);
    await new Promise((done) => setTimeout(done, 0));
    expect(visible()).toBe(false);
  });

  test('is shown and hidden by a press that cannot be held', async () => {
    const { eye } = await edit();
    await fireEvent.click(eye, { detail: 0 });
    await waitFor(() => expect(visible()).toBe(true));
    await fireEvent.click(eye, { detail: 0 });
    expect(visible()).toBe(false);
  });

  test('is copied as itself, and stays when no other one is given', async () => {
    const { host, user } = await edit();
    await user.click(screen.getByRole('button', { name: 'Copy the stream key' }));
    expect(host.copied).toEqual([FAKE_KEY]);
    expect(await screen.findByText('Copied. It leaves the clipboard in 60 s.')).toBeTruthy();
    await user.click(screen.getByTestId('save-destination'));
    expect(last(host)?.command).toBe('update_destination');
    expect(last(host)?.args).not.toHaveProperty('streamKey');
  });
});

describe('going live', () => {
  function actions(scene: string) {
    const host = fakeHost(scene);
    const state = new ConsoleState(host);
    render(Stand, { console: state, part: BroadcastActions });
    return { host, user: userEvent.setup() };
  }

  test('shows who gets it and who will refuse it, and remembers the choice', async () => {
    const { host, user } = actions('preview');
    await user.click(screen.getByTestId('go-live'));
    const verdicts = await screen.findAllByTestId('verdict');
    expect(verdicts.map((one) => one.textContent.trim())).toEqual(['Will be refused', 'May suffer', 'Fine']);
    expect(screen.getByRole('dialog').textContent).toContain('YouTube will refuse this picture.');
    await user.click(screen.getByRole('checkbox', { name: 'YouTube' }));
    expect(screen.getByRole('dialog').textContent).not.toContain('will refuse this picture');
    await user.click(screen.getByRole('button', { name: 'Go live on 2 destinations' }));
    expect(last(host)).toEqual({ command: 'go_live', args: { ids: ['de-tw', 'de-cl'] } });

    await user.click(await screen.findByTestId('end-broadcast'));
    await user.click(screen.getByTestId('confirm-end-broadcast'));
    expect(last(host)?.command).toBe('end_broadcast');
    await user.click(await screen.findByTestId('go-live'));
    expect(screen.getByRole('checkbox', { name: 'YouTube' })).toHaveProperty('checked', false);
    expect(screen.getByRole('checkbox', { name: 'Twitch' })).toHaveProperty('checked', true);
  });

  test('is loud about a bandwidth test', async () => {
    const { host, user } = actions('preview');
    const [youtube, twitch] = (await host.invoke('snapshot')).destinations;
    if (youtube === undefined || twitch === undefined) throw new Error('the scene has two');
    host.tell({
      kind: 'destinations',
      keyPlace: 'keychain',
      destinations: [youtube, { ...twitch, bandwidthTest: true }],
    });
    await user.click(await screen.findByTestId('go-live'));
    expect(screen.getByRole('dialog').textContent).toContain('Nobody will see you on Twitch.');
    await user.click(screen.getByRole('checkbox', { name: 'YouTube' }));
    expect(screen.getByRole('dialog').textContent).toContain('Bandwidth test only');
  });

  test('needs somebody to go to, and says what went wrong', async () => {
    const { host, user } = actions('preview');
    await user.click(screen.getByTestId('go-live'));
    host.failNext('go_live', new HostError({ code: 'busy', message: 'Nothing plays.', nextStep: null }));
    await user.click(screen.getByTestId('confirm-go-live'));
    expect((await screen.findByRole('alert')).textContent).toContain('Nothing plays.');
    for (const box of screen.getAllByRole('checkbox')) await user.click(box);
    expect(screen.getByTestId('confirm-go-live')).toHaveProperty('disabled', true);
  });

  test.each(['live', 'planned', 'ended'])('is not offered in the scene %s', (scene) => {
    actions(scene);
    expect(screen.queryByTestId('go-live')).toBeNull();
    expect(screen.queryByTestId('end-broadcast')).toBeNull();
  });
});

test('the checks say per destination and per part what is so and how to fix it', async () => {
  const { user } = open('fan-out');
  await user.click(screen.getByTestId('open-checks'));
  await waitFor(() =>
    expect(screen.getByTestId('preflight').textContent).toContain(
      'Set the audio codec of your encoder to AAC.',
    ),
  );
  await user.click(screen.getByTestId('run-check'));
  const result = await screen.findByTestId('check-result');
  expect(result.textContent).toContain('72');
  expect(result.textContent).toContain('Set a fixed keyframe interval of 2 s');
});

test('without a picture nothing is claimed about it', async () => {
  const { user } = open('planned');
  await user.click(screen.getByTestId('open-checks'));
  await waitFor(() =>
    expect(screen.getByTestId('preflight').textContent).toContain('No picture arrives yet.'),
  );
  expect(screen.getByTestId('run-check')).toHaveProperty('disabled', true);
});
