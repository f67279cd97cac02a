// Players as viewers have them, against the real engine, through a camera that loses its connection.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { colours, keepPicture, openPage, playsOn, servePages, startBrowser } from './lib/browser.mjs';
import { isActive, isInterrupted, startConsole } from './lib/console.mjs';
import { startPublisher } from './lib/publisher.mjs';

/** Distance to the live edge that is still called live, in seconds; generous, since two cores do everything here. */
const BEHIND_AT_MOST = { hls: 5, dash: 12 };

for (const protocol of ['hls', 'dash']) {
  test(`${protocol}: plays, and plays on after the camera was gone for seconds`, { timeout: 120_000 }, async (t) => {
    const console = await startConsole(t);
    const pages = await servePages(t);
    const browser = await startBrowser(t);
    await console.api('start_managed', { cameraLink: 'manual' });
    const { ingest } = await console.api('snapshot');
    const publisher = startPublisher(t, ingest.publishUrl);
    const { session } = await console.until('the stream to be active', isActive);

    const address = `${pages}/${protocol}.html?url=${encodeURIComponent(session.urls[protocol])}`;
    const page = await openPage(t, browser, address, { name: `players-${protocol}-end` });
    await playsOn(page, 60);
    assert.ok((await colours(page)) > 8, 'the decoded picture has the colours of a test card');
    await page.evaluate(() => (window.sameDocument = true));

    await page.waitForFunction((most) => window.player.latency() < most, BEHIND_AT_MOST[protocol]);
    const latency = await page.evaluate(() => window.player.latency());
    const date = await page.evaluate(() => window.player.playingDate() && (Date.now() - window.player.playingDate()) / 1000);
    t.diagnostic(`${protocol} latency ${latency.toFixed(2)} s${date ? `, ${date.toFixed(2)} s behind the clock` : ''}`);
    await keepPicture(page, `players-${protocol}-playing`);

    await publisher.pullThePlug();
    await console.until('the interruption to be noticed', isInterrupted);
    const before = await page.evaluate(() => {
      const { buffered } = document.querySelector('video');
      return buffered.end(buffered.length - 1);
    });
    startPublisher(t, ingest.publishUrl);
    const back = await console.until('the stream to be live again', isActive);
    assert.equal(back.session.streamId, session.streamId, 'it is the same stream');
    assert.deepEqual(back.session.urls, session.urls, 'at the same addresses');

    // What was in the buffer when the camera left is no proof: it has to play what came after.
    await page.waitForFunction((end) => document.querySelector('video').currentTime > end + 2, before, { timeout: 40_000 });
    await playsOn(page, 90, 40_000);
    assert.ok(await page.evaluate(() => window.sameDocument), 'the page was not loaded again');
    assert.deepEqual(await page.evaluate(() => window.player.fatal), [], 'the player met no fatal error');
    page.noErrors();
  });
}
