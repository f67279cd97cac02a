// The console's own page, served by the headless program, as a person meets it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { colours, frames, keepPicture, openPage, playsOn, startBrowser } from './lib/browser.mjs';
import { isActive, startConsole } from './lib/console.mjs';
import { startPublisher } from './lib/publisher.mjs';

/** A player that is still on the screen when its stream is closed asks for it once more. */
const PLAYER_OF_A_CLOSED_STREAM = /Failed to load resource.*(404|410).*\/(index|video|audio)[^/]*\.m3u8/;

test('first run: demo camera, live picture, stop, history', { timeout: 120_000 }, async (t) => {
  const console = await startConsole(t);
  const browser = await startBrowser(t);
  const page = await openPage(t, browser, console.open, {
    name: 'console-history',
    expected: [PLAYER_OF_A_CLOSED_STREAM],
  });

  await page.getByRole('heading', { name: 'Try the demo camera' }).waitFor();
  assert.ok(!page.url().includes('token'), 'the token does not stay in the address bar');
  await keepPicture(page, 'console-first-run');
  await page.getByRole('button', { name: 'Start the demo camera' }).click();

  await page.getByTestId('state-chip').filter({ hasText: 'Live' }).waitFor();
  await playsOn(page, 60);
  assert.ok((await colours(page)) > 8, 'the decoded picture is not black');
  t.diagnostic(`${await frames(page)} frames decoded`);
  await keepPicture(page, 'console-live');

  const copies = page.getByTestId('share-links').getByRole('button', { name: /copy/i });
  await copies.first().click();
  const { session } = await console.api('snapshot');
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(Object.values(session.urls).includes(copied), `${copied} is an address of the stream`);

  await page.reload();
  await page.getByTestId('state-chip').filter({ hasText: 'Live' }).waitFor();
  await playsOn(page, 30);

  await page.getByTestId('primary').filter({ hasText: 'Stop' }).click();
  await page.getByTestId('primary').filter({ hasText: 'Start' }).waitFor();
  assert.equal((await console.api('snapshot')).session.state, 'stopped');

  await page.getByRole('navigation').getByRole('link', { name: 'History' }).click();
  const row = page.getByTestId('history-row');
  await row.filter({ hasText: 'Demo camera' }).waitFor();
  assert.equal(await row.count(), 1);
  page.noErrors();
});

test('an encoder: no address before the stream is active, every address after', { timeout: 120_000 }, async (t) => {
  const console = await startConsole(t);
  const browser = await startBrowser(t);
  const page = await openPage(t, browser, console.open, { name: 'console-encoder-live' });

  await page.getByRole('button', { name: 'Connect an encoder' }).click();
  const waiting = await console.until('the stream to wait', ({ session }) => session.state === 'initializing');
  assert.equal(waiting.session.urls, null);
  await page.getByTestId('share-links').getByText('Not yet: waiting for video').waitFor();
  await page.getByTestId('connect').waitFor();
  await keepPicture(page, 'console-encoder-waiting');

  startPublisher(t, waiting.ingest.publishUrl);
  const before = [];
  const active = await console.until('the stream to be active', (snapshot) => {
    if (!isActive(snapshot)) before.push(snapshot.session.urls);
    return isActive(snapshot);
  });
  assert.ok(before.every((urls) => urls === null), 'no snapshot before showed an address');
  const { hls, dash, preview, thumbnail } = active.session.urls;
  for (const url of [hls, dash, preview, thumbnail]) {
    assert.equal((await fetch(url)).status, 200, `${url} answers as soon as it is shown`);
  }
  await page.getByTestId('state-chip').filter({ hasText: 'Live' }).waitFor();
  await playsOn(page, 60);
  page.noErrors();
});
