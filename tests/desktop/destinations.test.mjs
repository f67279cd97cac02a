// Fan-out in the real window.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { areIn } from '../e2e/lib/console.mjs';
import { startPublisher } from '../e2e/lib/publisher.mjs';
import { assertPlays, startReceiver } from '../e2e/lib/receiver.mjs';
import { startScreen } from './lib/screen.mjs';
import { openWindow } from './lib/window.mjs';

const KEYS = { First: 'planted-first-key-2a90', Second: 'planted-second-key-f7c3' };

/** Waits until the cards of these destinations, and no others, are in this state; the program must say so too. */
async function shows(window, state, ...names) {
  const found = (state, names) => {
    const cards = [...document.querySelectorAll(`[data-testid=destination][data-state=${state}] h3`)];
    return cards.length === names.length && cards.every((one) => names.includes(one.textContent));
  };
  await window.until(`${names} to be ${state}`, found, [state, names]);
  assert.ok(areIn(state, ...names)(await window.command('snapshot')), `${names} are ${state}`);
}

test('two destinations: add, go live, switch one off and on, end', { timeout: 180_000 }, async (t) => {
  const receiver = await startReceiver(t);
  const window = await openWindow(t, await startScreen(t));
  await window.click('button', 'Start the demo camera');
  await window.see('[data-testid=state-chip]', 'Live');

  for (const [name, key] of Object.entries(KEYS)) {
    await window.click('[data-testid=add-destination]', 'Add');
    await window.click('dialog button', 'Custom RTMP or RTMPS');
    await window.type('Name', name);
    await window.type('Address', receiver.url);
    await window.type('Stream key', key);
    await window.picture('desktop-destination-dialog');
    await window.click('[data-testid=save-destination]', 'Save');
    await window.see('[data-testid=destination] h3', name);
  }

  await window.click('[data-testid=go-live]', 'Go live');
  await window.click('[data-testid=confirm-go-live]', 'Go live on 2 destinations');
  await shows(window, 'broadcasting', 'First', 'Second');
  await window.plays(30);
  await window.picture('desktop-destinations-dark');
  const { settings } = await window.command('snapshot');
  await window.command('update_settings', { args: { ...settings.chosen, theme: 'light' } });
  await window.see('[data-theme=light]', '');
  const isSettled = () => document.getAnimations().every((one) => !(one instanceof CSSTransition));
  await window.until('the colours to have changed', isSettled);
  await window.picture('desktop-destinations-light');

  await window.click('[data-testid=destination]:first-of-type [role=switch]', '');
  await shows(window, 'disabled', 'First');
  await window.click('[data-testid=destination]:first-of-type [role=switch]', '');
  await shows(window, 'broadcasting', 'First', 'Second');

  await window.click('[data-testid=end-broadcast]', 'End broadcast');
  await window.click('[data-testid=confirm-end-broadcast]', 'End broadcast');
  await shows(window, 'disabled', 'First', 'Second');
  assert.equal((await window.command('snapshot')).session.state, 'active', 'the preview goes on');
  for (const [key, count] of [[KEYS.First, 2], [KEYS.Second, 1]]) {
    for (const file of await receiver.recordings(key, count)) await assertPlays(file);
  }
  const page = await window.run(() => document.documentElement.outerHTML + document.body.innerText);
  for (const key of Object.values(KEYS)) assert.ok(!page.includes(key), 'a key is in the page');
});

test('the camera goes away and comes back: each broadcast stays one', { timeout: 120_000 }, async (t) => {
  const receiver = await startReceiver(t);
  const window = await openWindow(t, await startScreen(t));
  const { ingest } = await window.command('snapshot');
  const publisher = startPublisher(t, ingest.publishUrl);
  await window.see('[data-testid=state-chip]', 'Live');
  const ids = [];
  for (const [name, streamKey] of Object.entries(KEYS)) {
    const wanted = { preset: 'custom', name, url: receiver.url, streamKey };
    ids.push((await window.command('add_destination', { args: wanted })).id);
  }
  await window.command('go_live', { args: { ids } });
  await shows(window, 'broadcasting', 'First', 'Second');
  await window.plays(30);
  await publisher.pullThePlug();
  await shows(window, 'interrupted', 'First', 'Second');
  await window.picture('desktop-destinations-held');
  startPublisher(t, ingest.publishUrl);
  await shows(window, 'broadcasting', 'First', 'Second');
  await window.plays(30);
  await window.picture('desktop-destinations-back');
  await window.command('end_broadcast');
  for (const key of Object.values(KEYS)) {
    const [file] = await receiver.recordings(key, 1);
    await assertPlays(file);
  }
});
