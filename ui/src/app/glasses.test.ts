// The Live screen with glasses and apps, over a scripted host.
import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HostError } from '../host/errors';
import { fakeHost } from '../host/fake';
import { inStream } from '../host/fake-apps';
import { FAKE_GLASSES_TOKEN, glasses, hub } from '../host/fake-glasses';
import App from './App.svelte';

beforeEach(() => {
  location.hash = '';
});
afterEach(() => localStorage.clear());

function open(scene: string) {
  const host = fakeHost(scene);
  render(App, { host });
  return { host, user: userEvent.setup() };
}

const last = (host: ReturnType<typeof fakeHost>, command: string) =>
  host.calls.filter((call) => call.command === command).at(-1);

describe('glasses as a source', () => {
  test('cannot be chosen while none are connected, and the reason is said', async () => {
    open('idle');
    const radio = await screen.findByRole('radio', { name: /Glasses/ });
    expect(radio).toHaveProperty('disabled', true);
    expect(radio.closest('label')?.textContent).toContain('No glasses are connected.');
    expect(screen.queryByTestId('unmanaged')).toBeNull();
  });

  test('are started with the chosen quality', async () => {
    const { host, user } = open('virtual-glasses');
    await user.click(await screen.findByRole('radio', { name: /Glasses/ }));
    expect(screen.getByTestId('stage').textContent).toContain('what the glasses see appears here');
    await user.click(screen.getByTestId('primary'));
    expect(last(host, 'start_managed')?.args).toEqual({
      cameraLink: 'hub',
      enableWebrtc: true,
      quality: '720p',
    });
  });

  test('that leave after they were chosen block the start and say why', async () => {
    const { host, user } = open('virtual-glasses');
    await user.click(await screen.findByRole('radio', { name: /Glasses/ }));
    host.tell({ kind: 'hub', hub: hub({ glasses: glasses({ link: 'away' }) }) });
    const primary = screen.getByTestId('primary');
    await waitFor(() => expect(primary).toHaveProperty('disabled', true));
    expect(primary.getAttribute('title')).toContain('The glasses are away.');
    expect(screen.getByTestId('stage').textContent).toContain('choose another source');
  });

  test('show what they told, and beside what they claim what is measured', async () => {
    open('glasses');
    const card = await screen.findByTestId('source-card');
    expect(within(card).getByTestId('battery').textContent).toContain('14 %, low');
    expect(within(card).getByTestId('low-battery').textContent).toContain('The battery is low.');
    expect(within(card).getByTestId('camera-said').textContent).toBe('The camera streams.');
    expect(card.textContent).toMatch(/Wi-Fi\s*Home 5G/);
    expect(card.textContent).toMatch(/Claimed\s*2.5 Mb\/s, 30 fps/);
    expect(card.textContent).toMatch(/Measured\s*2.1 Mb\/s, 30 fps/);
  });

  test('have a lane on the time axis, in words too', async () => {
    open('glasses');
    const axis = await screen.findByTestId('timeline');
    expect(within(axis).getByTestId('glasses-lane')).toBeTruthy();
    expect(axis.textContent).toContain('Glasses, Wi-Fi: The glasses have no Wi-Fi.');
    expect(axis.textContent).toContain('Glasses, Battery: Battery of the glasses: 14 %.');
  });

  test('have none without glasses', async () => {
    open('live');
    expect(within(await screen.findByTestId('timeline')).queryByTestId('glasses-lane')).toBeNull();
  });

  test('that change are read out', async () => {
    const { host } = open('idle');
    await screen.findByTestId('primary');
    host.tell({ kind: 'hub', hub: hub({ glasses: glasses() }) });
    await waitFor(() => expect(screen.getByTestId('announcer').textContent).toBe('Mentra Live: Connected'));
  });
});

describe('connecting glasses', () => {
  test('keeps the token hidden, copies the address, and hints at the network', async () => {
    const { host, user } = open('idle');
    await user.click(await screen.findByTestId('connect-glasses'));
    expect(screen.getByTestId('lan-hint').textContent).toContain('Only this computer can connect now.');
    expect(document.body.innerHTML).not.toContain(FAKE_GLASSES_TOKEN);
    expect(screen.queryByRole('button', { name: 'Show QR code' })).toBeNull();
    await user.click(screen.getByRole('button', { name: 'Copy address on this computer' }));
    expect(host.copied).toEqual([hub().glassesUrl]);
  });

  test('offers the address of this computer on the network, also as a code', async () => {
    const { host, user } = open('idle');
    await screen.findByTestId('primary');
    host.tell({ kind: 'hub', hub: hub({ lanUrls: ['http://192.168.1.2:8002'] }) });
    await user.click(screen.getByTestId('connect-glasses'));
    await user.click(screen.getByRole('button', { name: 'Copy address for the phone' }));
    expect(host.copied).toEqual([`ws://192.168.1.2:8002/glasses-ws?token=${FAKE_GLASSES_TOKEN}`]);
    await user.click(screen.getByRole('button', { name: 'Show QR code' }));
    expect(
      screen.getByRole('img', { name: 'QR code of the address for glasses, with the token' }),
    ).toBeTruthy();
    expect(screen.queryByTestId('lan-hint')).toBeNull();
  });

  test('without any at hand goes on with the virtual ones', async () => {
    const { host, user } = open('idle');
    await user.click(await screen.findByTestId('connect-glasses'));
    await user.click(screen.getByTestId('switch-on-virtual'));
    expect(last(host, 'set_virtual_glasses')?.args).toEqual({ glasses: {} });
    await user.click(await screen.findByTestId('use-glasses'));
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(screen.getByRole('radio', { name: /Glasses/ })).toHaveProperty('checked', true);
  });
});

describe('virtual glasses', () => {
  test('are switched on, made to misbehave and switched off', async () => {
    const { host, user } = open('idle');
    await user.click(await screen.findByTestId('virtual-glasses'));
    await user.click(screen.getByRole('switch', { name: 'Virtual glasses' }));
    expect(last(host, 'set_virtual_glasses')?.args).toEqual({ glasses: {} });
    await user.click(await screen.findByRole('switch', { name: 'Wi-Fi' }));
    await user.click(screen.getByText('Let them misbehave'));
    await user.click(screen.getByRole('switch', { name: 'Video breaks' }));
    expect(last(host, 'set_virtual_glasses')?.args).toEqual({ glasses: { wifi: false, drops: true } });
    await user.type(screen.getByLabelText('A picture of your own'), '/tmp/a.flv{Enter}');
    expect(last(host, 'set_virtual_glasses')?.args).toEqual({
      glasses: { wifi: false, drops: true, clip: '/tmp/a.flv' },
    });
    await user.click(screen.getByRole('switch', { name: 'Virtual glasses' }));
    expect(last(host, 'set_virtual_glasses')?.args).toEqual({});
  });

  test('leave the keyboard where it was', async () => {
    const { user } = open('idle');
    const opener = await screen.findByTestId('virtual-glasses');
    await user.click(opener);
    screen.getByRole('switch', { name: 'Virtual glasses' }).focus();
    await user.click(screen.getByRole('button', { name: 'Close' }));
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(document.activeElement).toBe(opener);
  });

  test('that cannot be had say why', async () => {
    const { host, user } = open('virtual-glasses');
    await user.click(await screen.findByTestId('virtual-glasses'));
    const message = 'That file cannot be played.';
    host.failNext('set_virtual_glasses', new HostError({ code: 'invalid_request', message, nextStep: null }));
    await user.click(screen.getByRole('switch', { name: 'Wi-Fi' }));
    expect((await screen.findByText(message)).closest('[role=alert]')).toBeTruthy();
  });
});

describe('who holds the stream', () => {
  test('is said in words, and the user may keep it going', async () => {
    const { host, user } = open('glasses');
    const card = within(await screen.findByTestId('holders'));
    expect(card.getByTestId('who-holds').textContent).toBe(
      'Started by Camera Demo. Joined: Second App (away).',
    );
    expect(card.getAllByRole('listitem').map((one) => one.textContent.trim())).toEqual([
      'Camera Demo: started it',
      'Second App: away',
    ]);
    const keep = card.getByRole('switch', { name: 'Keep streaming when apps leave' });
    expect(keep.getAttribute('aria-checked')).toBe('false');
    await user.click(keep);
    expect(last(host, 'hold_stream')?.args).toEqual({ hold: true });
    await waitFor(() => expect(keep.getAttribute('aria-checked')).toBe('true'));
  });

  test('is told by Stop, which stops for everybody', async () => {
    open('glasses');
    const stop = await screen.findByTestId('primary');
    const described = document.getElementById(stop.getAttribute('aria-describedby') ?? '');
    expect(described?.textContent).toBe('Stop ends it for Camera Demo and Second App, too.');
  });

  test('and how long it may last', async () => {
    open('glasses');
    expect((await screen.findByTestId('limit')).textContent).toMatch(/ends in 4:3[0-2]/);
  });

  test('is not asked when no app is in it', async () => {
    open('live');
    await screen.findByTestId('primary');
    expect(screen.queryByTestId('holders')).toBeNull();
    expect(screen.getByTestId('primary').getAttribute('aria-describedby')).toBeNull();
  });
});

describe('an unmanaged stream', () => {
  test('shows where it goes and what is known, and nothing it cannot know', async () => {
    open('unmanaged');
    const stage = await screen.findByTestId('stage');
    expect(stage.textContent).toContain('rtmps://media.club.example/live/***');
    expect(stage.textContent).toContain('Stream Console does not see the picture.');
    expect(stage.textContent).toContain('2.5 Mb/s, 30 fps');
    expect(screen.getByTestId('who-holds').textContent).toBe('Started by Camera Demo.');
    expect(screen.getByTestId('no-share').textContent).toContain('does not pass through this computer');
    expect(screen.queryByTestId('share-links')).toBeNull();
    expect(screen.queryByTestId('go-live')).toBeNull();
    expect(screen.getByTestId('primary').textContent.trim()).toBe('Stop');
  });

  test('is started with a complete address only', async () => {
    const { host, user } = open('virtual-glasses');
    await user.click(await screen.findByTestId('unmanaged'));
    const field = screen.getByLabelText(/Address of your server/);
    await user.type(field, 'http://x/y{Enter}');
    expect(field.getAttribute('aria-invalid')).toBe('true');
    expect(last(host, 'start_unmanaged')).toBeUndefined();
    await user.clear(field);
    await user.type(field, 'rtmp://192.168.1.20/live/secret{Enter}');
    expect(last(host, 'start_unmanaged')?.args).toEqual({
      url: 'rtmp://192.168.1.20/live/secret',
      cameraLink: 'hub',
    });
    await waitFor(() => expect(screen.getByTestId('stage').dataset.stage).toBe('unmanaged'));
    expect(screen.getByTestId('who-holds').textContent).toBe('Started here.');
    expect(document.body.innerHTML).not.toContain('secret');
  });

  test('that is refused says who holds the camera', async () => {
    const { host, user } = open('virtual-glasses');
    await user.click(await screen.findByTestId('unmanaged'));
    host.failNext(
      'start_unmanaged',
      new HostError({ code: 'busy', message: 'Camera Demo uses the glasses.', nextStep: 'Stop it first.' }),
    );
    await user.type(screen.getByLabelText(/Address of your server/), 'rtmp://h/a/k{Enter}');
    expect(await screen.findByText('Camera Demo uses the glasses.')).toBeTruthy();
    expect(screen.getByRole('dialog')).toBeTruthy();
  });
});

test('a destination that an app named can be switched and not changed', async () => {
  const { host, user } = open('glasses');
  const card = within(await screen.findByRole('article', { name: 'Club server' }));
  expect(card.getByTestId('added-by').textContent).toContain('Named by Camera Demo for this stream');
  await user.click(card.getByRole('button', { name: 'More for Club server' }));
  for (const name of ['Edit', 'Duplicate', 'Remove…']) {
    expect(await screen.findByRole('menuitem', { name })).toHaveProperty('disabled', true);
  }
  await user.keyboard('{Escape}');
  await user.click(card.getByRole('switch', { name: 'Club server' }));
  expect(last(host, 'set_destination')?.args).toEqual({ id: 'de-app', enabled: false });
});

describe('the first run', () => {
  test('leads to the connection of glasses', async () => {
    const { user } = open('first-run');
    await user.click(await screen.findByTestId('use-glasses-first'));
    expect(screen.getByRole('dialog', { name: 'Connect Mentra glasses' })).toBeTruthy();
    await user.click(screen.getByTestId('switch-on-virtual'));
    await user.click(await screen.findByTestId('use-glasses'));
    await waitFor(() => expect(screen.queryByTestId('first-run')).toBeNull());
    expect(screen.getByRole('radio', { name: /Glasses/ })).toHaveProperty('checked', true);
  });

  test('without any switches on the virtual ones', async () => {
    const { host, user } = open('first-run');
    await user.click(await screen.findByTestId('try-virtual'));
    expect(last(host, 'set_virtual_glasses')?.args).toEqual({ glasses: {} });
    await waitFor(() => expect(screen.getByTestId('primary')).toHaveProperty('disabled', false));
  });
});

test('an app that asks is marked beside its screen, and read out', async () => {
  const { host } = open('glasses');
  await screen.findByTestId('primary');
  expect(screen.queryByText(', an app asks to connect')).toBeNull();
  const [first, ...rest] = inStream(0);
  if (first === undefined) throw new Error('there are apps');
  host.tell({ kind: 'apps', apps: [{ ...first, asksFrom: '192.168.1.20' }, ...rest] });
  expect(await screen.findByText(', an app asks to connect')).toBeTruthy();
  await waitFor(() =>
    expect(screen.getByTestId('announcer').textContent).toBe('Camera Demo asks to connect from 192.168.1.20'),
  );
});
