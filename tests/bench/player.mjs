// hls.js in Chromium, reading the frame numbers painted into the picture. Prints one {"shown": [[number, wall clock in ms],
// ...], "latencyS": what hls.js itself calls its latency, at the median} for each of some loads of its page.
//
//   node tests/bench/player.mjs <HLS address> <loads> <seconds of each>
import { openPage, playsOn, servePages, startBrowser } from '../e2e/lib/browser.mjs';
import { measured } from './lib/scope.mjs';

/** Bits of the painted number, lowest first from the left, and the edge of each one's square in pixels (src/clip.rs). */
const [BITS, EDGE] = [10, 64];
/** Frames played before the first is counted. */
const SETTLE_FRAMES = 90;

const [url, loads, seconds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];

await measured(async (scope) => {
  const pages = await servePages(scope);
  const browser = await startBrowser(scope);
  const address = `${pages}/hls.html?url=${encodeURIComponent(url)}`;
  const page = await openPage(scope, browser, address, { name: 'bench-player' });
  const answers = [];
  for (let n = 0; n < loads; n += 1) {
    if (n > 0) await page.reload();
    await playsOn(page, SETTLE_FRAMES);
    const { shown, latencies } = await page.evaluate(read, { bits: BITS, edge: EDGE, seconds });
    latencies.sort((a, b) => a - b);
    answers.push({ shown, latencyS: latencies[latencies.length >> 1] });
  }
  return answers;
});

/** Notes each frame the browser shows, for some seconds. Runs in the page. */
function read({ bits, edge, seconds }) {
  const video = document.querySelector('video');
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [bits * 4, 4];
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const shown = [];
  const latencies = [];
  return new Promise((resolve) => {
    const next = (now, { expectedDisplayTime }) => {
      pen.drawImage(video, 0, 0, bits * edge, edge, 0, 0, bits * 4, 4);
      const row = pen.getImageData(0, 2, bits * 4, 1).data;
      let number = 0;
      for (let bit = 0; bit < bits; bit += 1) number += row[(bit * 4 + 2) * 4] > 128 ? 2 ** bit : 0;
      // A frame that is about to be shown is not seen yet.
      shown.push([number, performance.timeOrigin + Math.max(expectedDisplayTime, performance.now())]);
      latencies.push(window.player.latency());
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
    setTimeout(() => resolve({ shown, latencies }), seconds * 1_000);
  });
}
