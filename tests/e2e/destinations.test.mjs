// Fan-out as a person without a mouse meets it: two servers, one stream, the keyboard alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepPicture, openPage, playsOn, startBrowser, tabTo } from './lib/browser.mjs';
import { areIn, areOnAir, isActive, isInterrupted, startConsole } from './lib/console.mjs';
import { startPublisher } from './lib/publisher.mjs';
import { assertPlays, startReceiver } from './lib/receiver.mjs';

const KEYS = { First: 'planted-first-key-6d1e', Second: 'planted-second-key-b94f' };

test('two destinations by keyboard: add, go live, switch, end; no key is shown', { timeout: 180_000 }, async (t) => {
  const [console, receiver] = await Promise.all([startConsole(t), startReceiver(t)]);
  const browser = await startBrowser(t);
  const page = await openPage(t, browser, console.open, {
    name: 'destinations-end',
    viewport: { width: 1440, height: 900 },
  });
  const button = (name) => page.getByRole('button', { name, exact: true });
  const press = async (locator, key = 'Enter') => {
    await tabTo(page, locator);
    await page.keyboard.press(key);
  };
  const fill = async (label, text) => {
    await tabTo(page, page.locator('input').and(page.getByLabel(label)));
    await page.keyboard.type(text);
  };
  const showsNoKey = async (when) => {
    const text = await page.evaluate(() => document.body.innerText);
    for (const key of Object.values(KEYS)) assert.ok(!text.includes(key), `a key is on the screen ${when}`);
  };

  await press(button('Start the demo camera'));
  await page.getByTestId('state-chip').filter({ hasText: 'Live' }).waitFor();

  // The first with its key pasted into the address, as many do; the second as it should be.
  await press(button('Add a destination'));
  await press(button('Custom RTMP or RTMPS'));
  await fill('Name', 'First');
  await fill('Address (RTMP or RTMPS)', `${receiver.url}/${KEYS.First}`);
  await page.keyboard.press('Tab');
  await page.getByText('The address held a stream key.').waitFor();
  await showsNoKey('once it was moved to its own field');
  await keepPicture(page, 'destinations-key-moved');
  await press(page.getByTestId('save-destination'));
  const card = (name) => page.getByTestId('destination').filter({ has: page.getByRole('heading', { name }) });
  await card('First').waitFor();

  await press(button('Add'));
  await press(button('Custom RTMP or RTMPS'));
  await fill('Name', 'Second');
  await fill('Address (RTMP or RTMPS)', receiver.url);
  await fill('Stream key', KEYS.Second);
  await page.keyboard.press('Enter');
  await card('Second').waitFor();
  const added = await console.api('snapshot');
  assert.deepEqual(
    added.destinations.map(({ name, url, hasKey, enabled }) => ({ name, url, hasKey, enabled })),
    ['First', 'Second'].map((name) => ({ name, url: receiver.url, hasKey: true, enabled: false })),
  );

  await press(button('Go live…'));
  await page.getByRole('dialog', { name: 'Go live' }).waitFor();
  for (const name of ['First', 'Second']) {
    const choice = page.getByRole('checkbox', { name });
    if (!(await choice.isChecked())) await press(choice, 'Space');
  }
  await keepPicture(page, 'destinations-go-live');
  await press(button('Go live on 2 destinations'));
  await console.until('both to broadcast', areOnAir('First', 'Second'));
  await page.getByTestId('on-air').filter({ hasText: '2 of 2 destinations on air' }).waitFor();
  await playsOn(page, 30);
  await showsNoKey('while it is live');
  await keepPicture(page, 'destinations-live-dark');
  await console.api('update_settings', { ...added.settings.chosen, theme: 'light' });
  await page.locator('[data-theme="light"]').waitFor();
  await keepPicture(page, 'destinations-live-light');

  const first = page.getByRole('switch', { name: 'First' });
  await press(first, 'Space');
  await console.until('one to be off', areIn('disabled', 'First'));
  await card('First').and(page.locator('[data-state=disabled]')).waitFor();
  assert.equal(await first.getAttribute('aria-checked'), 'false');
  await press(first, 'Space');
  await console.until('it to broadcast again', areOnAir('First', 'Second'));

  await press(button('End broadcast, keep preview'));
  await press(button('End broadcast'));
  const ended = await console.until('both to be off', areIn('disabled', 'First', 'Second'));
  assert.equal(ended.session.state, 'active', 'the preview goes on');
  await button('Go live…').waitFor();
  await playsOn(page, 30);

  for (const [key, count] of [[KEYS.First, 2], [KEYS.Second, 1]]) {
    for (const file of await receiver.recordings(key, count)) {
      const { pictures, sounds } = await assertPlays(file);
      t.diagnostic(`${pictures} pictures and ${sounds} sounds were recorded`);
    }
  }
  await showsNoKey('at the end');
  const source = await page.content();
  for (const key of Object.values(KEYS)) assert.ok(!source.includes(key), 'a key is in the page');
  page.noErrors();
});

test('the camera goes away and comes back: cards say so, and each broadcast stays one', { timeout: 120_000 }, async (t) => {
  const [console, receiver] = await Promise.all([startConsole(t), startReceiver(t)]);
  const { ingest } = await console.api('snapshot');
  const publisher = startPublisher(t, ingest.publishUrl);
  await console.until('the stream to be live', isActive);
  const ids = [];
  for (const name of ['One', 'Two']) {
    const wanted = { preset: 'custom', name, url: receiver.url, streamKey: `planted-key-${name}` };
    ids.push((await console.api('add_destination', wanted)).id);
  }
  await console.api('go_live', { ids });
  await console.until('both to broadcast', areOnAir('One', 'Two'));

  const browser = await startBrowser(t);
  const page = await openPage(t, browser, console.open, {
    name: 'destinations-back',
    viewport: { width: 1440, height: 900 },
  });
  const cards = (state) => page.locator(`[data-testid=destination][data-state=${state}]`);
  const shows = (state) =>
    page.waitForFunction(
      (state) => document.querySelectorAll(`[data-testid=destination][data-state=${state}]`).length === 2,
      state,
    );
  await shows('broadcasting');
  await playsOn(page, 30);
  await publisher.pullThePlug();
  await console.until('the stream to be interrupted', isInterrupted);
  await shows('interrupted');
  for (const card of await cards('interrupted').all()) {
    await card.getByText('The broadcast is held with the last one').waitFor();
  }
  await keepPicture(page, 'destinations-held');

  startPublisher(t, ingest.publishUrl);
  await console.until('both to broadcast again', areOnAir('One', 'Two'));
  await shows('broadcasting');
  await playsOn(page, 30);
  await console.api('end_broadcast');
  for (const name of ['One', 'Two']) {
    const [file] = await receiver.recordings(`planted-key-${name}`, 1);
    await assertPlays(file);
  }
  page.noErrors();
});
