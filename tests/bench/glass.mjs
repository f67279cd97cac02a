// From the demo camera's clock to the screen: the square beside the clock is white during the first three frames of each
// second, and the engine says when it took in the frame a second begins with. Prints {"delaysMs": [...]}, one a second.
//
//   node tests/bench/glass.mjs chromium <console program> <seconds>     by WebRTC, in Chromium
//   node tests/bench/glass.mjs window <desktop program> <seconds>       in the program's own window
import { startScreen } from '../desktop/lib/screen.mjs';
import { openWindow } from '../desktop/lib/window.mjs';
import { openPage, servePages, startBrowser } from '../e2e/lib/browser.mjs';
import { isActive, startConsole } from '../e2e/lib/console.mjs';
import { measured } from './lib/scope.mjs';

/** Where the square is in the clip's picture (media-engine/assets/demo.sh). */
const SQUARE = { x: 1184, y: 120, edge: 32 };
/** A player settles first: it begins behind and catches up. */
const SETTLE_MS = 10_000;

const [where, program, seconds] = [process.argv[2], process.argv[3], Number(process.argv[4])];

await measured(async (scope) => {
  const { hls, look, way, behindS } = await (where === 'window' ? inWindow(scope) : inChromium(scope));
  const begun = await secondsBegin(hls);
  const seen = await look({ ...SQUARE, settleMs: SETTLE_MS, seconds });
  // Which second it was cannot be seen; less than one passes on these ways.
  const delaysMs = seen.map((atMs) => Math.round((((atMs - begun) % 1_000) + 1_000) % 1_000));
  return { delaysMs, way, behindS: await behindS() };
});

async function inChromium(scope) {
  const console = await startConsole(scope, { program });
  await console.api('start_managed', { cameraLink: 'demo', enableWebrtc: true });
  const { session } = await console.until('the stream to be active', isActive);
  const browser = await startBrowser(scope);
  const page = await openPage(scope, browser, `${await servePages(scope)}/webrtc.html`, { name: 'bench-glass' });
  await page.evaluate((url) => window.webrtc.play(url), session.urls.webrtc);
  const look = (options) => page.evaluate(watchSquare, { ...options, byFrame: true });
  return { hls: session.urls.hls, look, way: 'webrtc', behindS: async () => null };
}

async function inWindow(scope) {
  const window = await openWindow(scope, await startScreen(scope), [], program);
  await window.click('button', 'Start the demo camera');
  await window.plays(60);
  const { session } = await window.command('snapshot');
  const look = (options) => window.later(watchSquare, { ...options, byFrame: false });
  const way = await window.run(() => find('[data-testid=player]').dataset.way);
  const behindS = () => window.run(() => find('[data-testid=latency]')?.textContent ?? null);
  return { hls: session.urls.hls, look, way, behindS };
}

/** The moment, in milliseconds since the epoch and up to whole seconds, at which a second of the clip was taken in. */
async function secondsBegin(hls) {
  const playlist = await (await fetch(new URL('video.m3u8', hls))).text();
  // Groups of pictures, and so segments, are two seconds long and begin with the clip.
  const date = /^#EXT-X-PROGRAM-DATE-TIME:(.+)$/m.exec(playlist)[1];
  return Date.parse(date);
}

/** When the square turned white on the screen, in milliseconds since the epoch. Runs in the page. */
function watchSquare({ x, y, edge, settleMs, seconds, byFrame }) {
  const video = document.querySelector('[data-testid=video]') ?? document.querySelector('video');
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [8, 8];
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const seen = [];
  let white = true;
  // WebKitGTK under Xvfb does not call back for frames of video, only for those of the page.
  const again = (next) =>
    byFrame
      ? video.requestVideoFrameCallback((now, { expectedDisplayTime }) => next(now, expectedDisplayTime))
      : requestAnimationFrame((now) => next(now, now));
  return new Promise((resolve) => {
    const from = performance.now() + settleMs;
    const next = (now, expectedDisplayTime) => {
      pen.drawImage(video, x + 6, y + 6, edge - 12, edge - 12, 0, 0, 8, 8);
      const { data } = pen.getImageData(0, 0, 8, 8);
      let sum = 0;
      for (let at = 0; at < data.length; at += 4) sum += data[at + 1];
      const isWhite = sum / 64 > 200;
      // A frame that is about to be shown is not seen yet.
      const atMs = performance.timeOrigin + Math.max(expectedDisplayTime, performance.now());
      if (isWhite && !white && now > from) seen.push(atMs);
      white = isWhite;
      if (now > from + seconds * 1_000) resolve(seen);
      else again(next);
    };
    again(next);
  });
}
