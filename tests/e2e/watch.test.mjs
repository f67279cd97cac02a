// The public watch page, as a viewer meets it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { colours, keepPicture, openPage, playsOn, startBrowser } from './lib/browser.mjs';
import { isActive, isInterrupted, startConsole } from './lib/console.mjs';
import { startPublisher } from './lib/publisher.mjs';

/** A browser reports each answer that says "not there (any more)" as an error of the page. */
const NOT_THERE = /Failed to load resource.*(404|410)/;

test('watch page: plays, says so when the camera is lost, plays on, and says when it is over', { timeout: 150_000 }, async (t) => {
  const console = await startConsole(t);
  const browser = await startBrowser(t);
  await console.api('start_managed', { cameraLink: 'manual' });
  const { ingest } = await console.api('snapshot');
  const publisher = startPublisher(t, ingest.publishUrl);
  const { session } = await console.until('the stream to be active', isActive);

  const page = await openPage(t, browser, session.urls.preview, { name: 'watch-ended', expected: [NOT_THERE] });
  const words = (text) => page.getByText(text, { exact: true }).first().waitFor();
  await playsOn(page, 60);
  assert.ok((await colours(page)) > 8, 'the decoded picture is not black');
  await words('Live');
  await console.until('the viewer to be counted', (snapshot) => snapshot.session.viewers === 1);
  await page.getByText('Turn on sound', { exact: true }).click();
  await page.waitForFunction(() => !document.querySelector('video').muted);
  await keepPicture(page, 'watch-live');
  assert.ok(!(await page.content()).includes(ingest.streamKey), 'the stream key is not on the page');

  await publisher.pullThePlug();
  await console.until('the interruption to be noticed', isInterrupted);
  await words('Interrupted');
  await keepPicture(page, 'watch-interrupted');
  startPublisher(t, ingest.publishUrl);
  await words('Live');
  await playsOn(page, 60);

  await console.api('stop_stream');
  await words('The stream has ended');
  page.noErrors();
});

test('watch page: a wrong link is told in words, on a phone as well', { timeout: 60_000 }, async (t) => {
  const console = await startConsole(t);
  const browser = await startBrowser(t);
  const page = await openPage(t, browser, `${console.http}/nosuchstreamnosuchstream/watch`, {
    name: 'watch-wrong-link-phone',
    expected: [NOT_THERE],
    viewport: { width: 390, height: 844 },
  });
  await page.getByText('This stream does not exist or has ended').waitFor();
  page.noErrors();
});
