// WebRTC as browsers have it: watched with sound, published with a camera, and chosen by the watch page by itself.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startApp } from './lib/app.mjs';
import { colours, keepPicture, openPage, playsOn, servePages, startBrowser } from './lib/browser.mjs';
import { isActive, isInterrupted, startConsole } from './lib/console.mjs';
import { startPublisher } from './lib/publisher.mjs';
import { assertPlays, startReceiver } from './lib/receiver.mjs';

const run = promisify(execFile);

/** A picture stands this soon after the connection, wherever in its group of pictures a viewer comes in. */
const PICTURE_WITHIN_MS = 500;

/** Sounds are heard without a click, and there is a camera to publish with. */
const BROWSER = { args: ['--autoplay-policy=no-user-gesture-required', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] };

async function openPlayer(t, browser, name, url) {
  const page = await openPage(t, browser, `${await servePages(t)}/webrtc.html`, { name, expected: [/favicon/] });
  const played = await page.evaluate((url) => window.webrtc.play(url), url);
  return { page, played };
}

/** Waits until the page has decoded pictures and heard sound beyond what it had; the browser's counts of both. */
async function seesAndHears(page, pictures = 60) {
  let deadline;
  const late = new Promise((_, reject) => {
    const fail = async () => reject(new Error(`not seen and heard: ${JSON.stringify(await page.evaluate(() => window.webrtc.received()))}`));
    deadline = setTimeout(() => fail().catch(reject), 30_000);
  });
  const counts = page.evaluate((pictures) => window.webrtc.seesAndHears(pictures), pictures);
  return Promise.race([counts, late]).finally(() => clearTimeout(deadline));
}

test('an app asks for WebRTC: its address plays with sound beside HLS, DASH and a destination', { timeout: 180_000 }, async (t) => {
  const [console, receiver, pulse] = await Promise.all([
    startConsole(t, { args: ['--demo'] }),
    startReceiver(t),
    startApp(t, 'Pulse'),
  ]);
  // Its own stream gives way to the app's.
  await console.until('the demo to be on', isActive);
  await console.api('stop_stream');
  const { packageName, apiKey, url } = pulse;
  await console.api('add_app', { name: 'Pulse', packageName, apiKey, url, permissions: ['CAMERA'] });
  await console.api('start_app', { packageName });
  await pulse.event('session');
  const urls = await pulse.ask('startManaged', {
    enableWebRTC: true,
    restreamDestinations: [{ url: `${receiver.url}/planted-key-4417`, name: 'A platform' }],
  });
  assert.match(urls.webrtcUrl, /\/whep$/, 'the promise resolves with it');

  const browser = await startBrowser(t, BROWSER);
  const { page, played } = await openPlayer(t, browser, 'webrtc-app', urls.webrtcUrl);
  assert.equal(played.status, 201, played.words);
  await seesAndHears(page);
  const pages = await servePages(t);
  for (const [protocol, address] of [['hls', urls.hlsUrl], ['dash', urls.dashUrl]]) {
    const other = await openPage(t, browser, `${pages}/${protocol}.html?url=${encodeURIComponent(address)}`, {
      name: `webrtc-beside-${protocol}`,
      expected: [/favicon/],
    });
    await playsOn(other, 60);
  }
  const after = await seesAndHears(page);
  t.diagnostic(`decoded ${after.video.framesDecoded}, lost ${after.video.packetsLost}, frozen ${after.video.freezeCount}`);
  assert.equal(after.video.packetsLost, 0);
  await pulse.ask('stopManaged');
  const [recording] = await receiver.recordings('planted-key-4417', 1);
  assert.ok((await assertPlays(recording)).pictures > 60, 'the destination had it all the while');
});

test('a viewer comes in mid-stream, stays through a lost camera and another picture size, and leaves', { timeout: 180_000 }, async (t) => {
  const console = await startConsole(t);
  const browser = await startBrowser(t, BROWSER);
  await console.api('start_managed', { cameraLink: 'manual', enableWebrtc: true });
  const { ingest } = await console.api('snapshot');
  const publisher = startPublisher(t, ingest.publishUrl, { keyframeEvery: 120 });
  const { session } = await console.until('the stream to be active', isActive);
  // Two seconds into a group of pictures of four.
  await console.until('it to be under way', ({ signal }) => signal !== null && signal.fps > 20);
  const { page, played } = await openPlayer(t, browser, 'webrtc-end', session.urls.webrtc);
  assert.equal(played.status, 201, played.words);
  const waited = played.marks.picture - played.marks['ice-connected'];
  t.diagnostic(`picture ${waited.toFixed(0)} ms after ICE; marks ${JSON.stringify(played.marks)}`);
  assert.ok(waited <= PICTURE_WITHIN_MS, `${waited} ms`);
  const { video, audio } = await seesAndHears(page);
  assert.equal(video.packetsLost, 0);
  assert.ok(audio.totalAudioEnergy > 0);
  assert.ok((await colours(page)) > 8, 'the decoded picture is not black');
  await keepPicture(page, 'webrtc-playing');
  await console.until('the viewer to be counted', ({ session }) => session.viewers === 1);

  await publisher.pullThePlug();
  await console.until('the interruption to be noticed', isInterrupted);
  startPublisher(t, ingest.publishUrl, { size: '480x270' });
  await console.until('the stream to be live again', isActive);
  await page.waitForFunction(() => document.querySelector('video').videoWidth === 480);
  await seesAndHears(page);
  assert.equal(await page.evaluate(() => window.connection.connectionState), 'connected', 'it is the same connection');

  const ended = await page.evaluate((session) => fetch(session, { method: 'DELETE' }).then(({ status }) => status), played.session);
  assert.equal(ended, 200);
  await page.waitForFunction(() => ['closed', 'failed', 'disconnected'].includes(window.connection.connectionState));
  const again = await page.evaluate((session) => fetch(session, { method: 'DELETE' }).then(({ status }) => status), played.session);
  assert.equal(again, 404);
});

test('a browser publishes its camera by WebRTC; HLS has AAC sound and WebRTC viewers have both', { timeout: 150_000 }, async (t) => {
  const console = await startConsole(t);
  const browser = await startBrowser(t, BROWSER);
  await console.api('start_managed', { cameraLink: 'manual', enableWebrtc: true });
  const { ingest } = await console.api('snapshot');
  const pages = await servePages(t);
  const camera = await openPage(t, browser, `${pages}/webrtc.html`, { name: 'webrtc-camera', expected: [/favicon/, /401/] });
  const whip = `${console.http}/whip`;
  const wrong = await camera.evaluate((url) => window.webrtc.publish(url, 'not-the-key'), whip);
  assert.equal(wrong.status, 401);
  assert.match(wrong.words, /key is wrong/);
  const published = await camera.evaluate(({ url, key }) => window.webrtc.publish(url, key), { url: whip, key: ingest.streamKey });
  assert.equal(published.status, 201, published.words);
  const { session } = await console.until('the stream to be active', isActive);

  const shown = ['-show_entries', 'stream=codec_name,width,sample_rate', '-of', 'json', session.urls.hls];
  const { streams } = JSON.parse((await run('ffprobe', ['-v', 'error', ...shown])).stdout);
  const codecs = streams.map((stream) => stream.codec_name).sort();
  assert.deepEqual(codecs, ['aac', 'h264']);
  const decoding = ['-nostdin', '-v', 'error', '-xerror', '-t', '4', '-i', session.urls.hls, '-f', 'null', '-'];
  assert.equal((await run('ffmpeg', decoding)).stderr, '', 'it decodes without a word');

  const { page, played } = await openPlayer(t, browser, 'webrtc-of-webrtc', session.urls.webrtc);
  assert.equal(played.status, 201, played.words);
  await seesAndHears(page);
  await camera.evaluate((session) => fetch(session, { method: 'DELETE' }), published.session);
  await console.until('the camera to be missed', isInterrupted);
});

test('the watch page plays by WebRTC by itself, falls back while it cannot, and comes back', { timeout: 180_000 }, async (t) => {
  const console = await startConsole(t);
  const browser = await startBrowser(t, BROWSER);
  await console.api('start_managed', { cameraLink: 'manual', enableWebrtc: true });
  const { ingest } = await console.api('snapshot');
  const publisher = startPublisher(t, ingest.publishUrl);
  const { session } = await console.until('the stream to be active', isActive);
  const page = await openPage(t, browser, session.urls.preview, {
    name: 'watch-webrtc-end',
    expected: [/Failed to load resource.*(404|406|409|410)/],
  });
  const playsBy = (way) => page.locator(`[data-testid=player][data-way=${way}]`).waitFor();
  await playsBy('webrtc');
  await playsOn(page, 60);
  await page.getByTestId('latency').waitFor();
  await keepPicture(page, 'watch-webrtc');

  // Pictures in another order than they are shown in cannot be carried: HLS can.
  await publisher.pullThePlug();
  await console.until('the interruption to be noticed', isInterrupted);
  const reordering = startPublisher(t, ingest.publishUrl, { bFrames: 2 });
  const held = await console.until('the stream to be live again', isActive);
  assert.equal(held.session.streamId, session.streamId);
  await page.waitForFunction(() => ['socket', 'll-hls', 'hls'].includes(document.querySelector('[data-testid=player]').dataset.way));
  await playsOn(page, 60);
  const refused = await page.evaluate((url) => fetch(url, { method: 'POST', headers: { 'content-type': 'application/sdp' }, body: 'v=0' }).then((answer) => answer.text()), session.urls.webrtc);
  assert.match(refused, /B-frames/);
  await keepPicture(page, 'watch-webrtc-fallen-back');

  await reordering.pullThePlug();
  await console.until('the interruption to be noticed', isInterrupted);
  startPublisher(t, ingest.publishUrl);
  await console.until('the stream to be live once more', isActive);
  await playsBy('webrtc');
  await playsOn(page, 60);
  page.noErrors();
});
