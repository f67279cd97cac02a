import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { HostError } from '../../host/errors';
import { fakeHost } from '../../host/fake';
import { ConsoleState } from '../../state/console.svelte';
import HistoryScreen from './HistoryScreen.svelte';
import StreamScreen from './StreamScreen.svelte';

const storage = new HostError({
  code: 'storage',
  message: 'The history could not be read.',
  nextStep: 'Free disk space.',
});

test('lists streams with how they went', async () => {
  render(HistoryScreen, { console: new ConsoleState(fakeHost('idle')) });
  const rows = await screen.findAllByTestId('history-row');
  expect(rows).toHaveLength(5);
  expect(rows.map((row) => within(row).getByTestId('state-chip').textContent.trim())).toEqual([
    'Complete',
    'Never live',
    'Complete',
    'Cut short',
    'Complete',
  ]);
  expect(rows[1]?.textContent).toContain('No playable picture arrived within 15 s.');
});

test('names the apps of a stream, and one that went past this computer', async () => {
  render(HistoryScreen, { console: new ConsoleState(fakeHost('idle')) });
  const rows = await screen.findAllByTestId('history-row');
  expect(rows[2]?.textContent).toMatch(/Glasses\s+Camera Demo, Second App/);
  expect(rows[4]?.textContent).toMatch(/Glasses\s+Unmanaged\s+Second App/);
});

test('one stream says who took part, from when to when', async () => {
  render(StreamScreen, { console: new ConsoleState(fakeHost('idle')), streamId: 'st-03' });
  const part = within(await screen.findByRole('region', { name: 'Who took part' }));
  expect(part.getAllByRole('listitem').map((one) => one.textContent.replace(/\s+/g, ' ').trim())).toEqual([
    'Camera Demo Started it, from 0:00 to 1:24:00',
    'Second App Joined, from 1:35 to 1:20:00',
  ]);
  expect(screen.getByRole('region', { name: 'Facts' }).textContent).not.toContain('Unmanaged');
});

test('an unmanaged stream says where it went, and nothing that was not measured', async () => {
  render(StreamScreen, { console: new ConsoleState(fakeHost('idle')), streamId: 'st-01' });
  const facts = await screen.findByRole('region', { name: 'Facts' });
  expect(facts.textContent).toContain('rtmps://media.club.example/live/***');
  expect(facts.textContent).not.toContain('Mean bitrate');
});

test('says so when there is nothing yet', async () => {
  render(HistoryScreen, { console: new ConsoleState(fakeHost('first-run')) });
  expect((await screen.findByTestId('history-empty')).textContent).toContain('No streams yet');
});

test('says what went wrong when it cannot be read, and tries again', async () => {
  const host = fakeHost('idle');
  host.failNext('list_streams', storage);
  render(HistoryScreen, { console: new ConsoleState(host) });
  const trouble = await screen.findByTestId('trouble');
  expect(trouble.textContent).toContain('Free disk space.');
  await userEvent.setup().click(within(trouble).getByRole('button', { name: 'Try again' }));
  expect(await screen.findAllByTestId('history-row')).toHaveLength(5);
});

test('one stream shows its axis, its facts and everything that happened', async () => {
  render(StreamScreen, { console: new ConsoleState(fakeHost('idle')), streamId: 'st-05' });
  const happened = within(await screen.findByRole('region', { name: 'What happened' }));
  expect(happened.getAllByRole('listitem')).toHaveLength(22);
  expect(happened.getAllByText('Club server:')).toHaveLength(6);
  expect(happened.getByText('The encoder came back.')).toBeTruthy();
  expect(within(screen.getByRole('region', { name: 'Facts' })).getByText('42 min')).toBeTruthy();
  expect(screen.getByTestId('timeline')).toBeTruthy();
});

test('deleting asks first', async () => {
  const host = fakeHost('idle');
  const user = userEvent.setup();
  render(StreamScreen, { console: new ConsoleState(host), streamId: 'st-05' });
  await user.click(await screen.findByRole('button', { name: 'Delete' }));
  await user.click(screen.getByRole('button', { name: 'Keep it' }));
  expect(host.calls.map((call) => call.command)).not.toContain('delete_stream');

  await user.click(screen.getByRole('button', { name: 'Delete' }));
  const dialog = within(await screen.findByRole('dialog', { name: 'Delete this stream?' }));
  await user.click(dialog.getByRole('button', { name: 'Delete' }));
  await waitFor(() =>
    expect(host.calls.at(-1)).toEqual({ command: 'delete_stream', args: { streamId: 'st-05' } }),
  );
  await waitFor(() => expect(location.hash).toBe('#/history'));
});

test('a stream that is gone is said to be gone', async () => {
  render(StreamScreen, { console: new ConsoleState(fakeHost('idle')), streamId: 'nothing' });
  expect((await screen.findByTestId('trouble')).textContent).toContain('There is no such stream.');
});
