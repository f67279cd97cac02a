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
