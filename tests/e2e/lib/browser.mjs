// Chromium, pages that are watched for errors, and the static pages of this folder.
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { atEnd } from './ending.mjs';
import { output } from './paths.mjs';

const HERE = fileURLToPath(new URL('..', import.meta.url));
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript' };

/** A browser that closes with `t`. */
export async function startBrowser(t, { args = [] } = {}) {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--mute-audio', ...args],
  });
  atEnd(t, () => browser.close());
  return browser;
}

/**
 * Opens a page. `page.noErrors()` fails with what the page logged as an error since, except what `expected` matches.
 * A picture of it is kept as `name` when the test ends.
 */
export async function openPage(t, browser, url, { name, expected = [], viewport = { width: 1280, height: 800 } }) {
  const context = await browser.newContext({ viewport, permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await context.newPage();
  const errors = [];
  const unexpected = () => errors.filter((error) => !expected.some((pattern) => pattern.test(error)));
  // Said even when the test fails before it asks: it is often the reason.
  atEnd(t, () => unexpected().length > 0 && t.diagnostic(`${name}: the page logged ${unexpected().join('; ')}`));
  page.on('pageerror', (error) => errors.push(`${error}`));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${message.text()} (${message.location().url})`);
  });
  page.setDefaultTimeout(30_000);
  page.noErrors = () => assert.deepEqual(unexpected(), [], 'the page logged errors');
  atEnd(t, async () => {
    await page.screenshot({ path: output(`${name}.png`) }).catch(() => undefined);
    await context.close();
  });
  await page.goto(url);
  return page;
}

/** Keeps a picture of what is on the screen now, with what moves a little moved to its end. */
export const keepPicture = (page, name) =>
  page.screenshot({ path: output(`${name}.png`), animations: 'disabled' });

/** Presses Tab until the keyboard is at `locator`, as a person without a mouse does. */
export async function tabTo(page, locator, most = 100) {
  await locator.waitFor();
  for (let pressed = 0; pressed < most; pressed += 1) {
    if (await locator.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`${most} presses of Tab do not lead to ${locator}`);
}

/** Serves `pages/` and the players' scripts; returns its address. */
export async function servePages(t) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://pages');
    const inside = pathname.startsWith('/modules/') ? pathname.replace('modules', 'node_modules') : `/pages${pathname}`;
    const file = createReadStream(join(HERE, normalize(inside)));
    file.once('open', () => response.writeHead(200, { 'content-type': TYPES[extname(inside)] ?? 'text/plain' }));
    file.once('error', () => response.writeHead(404).end());
    file.pipe(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(t, () => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

/** Frames decoded so far by the page's video element. */
export const frames = (page) =>
  page.evaluate(() => document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0);

/** Waits until the page has decoded `count` frames more, and time moved with them. */
export async function playsOn(page, count = 60, milliseconds = 30_000) {
  const from = await page.evaluate(() => {
    const video = document.querySelector('video');
    return { frames: video?.getVideoPlaybackQuality().totalVideoFrames ?? 0, time: video?.currentTime ?? 0 };
  });
  await page.waitForFunction(
    ({ from, count }) => {
      const video = document.querySelector('video');
      if (!video) return false;
      // A player that replaces its element starts counting anew.
      const now = video.getVideoPlaybackQuality().totalVideoFrames;
      return (now < from.frames ? now : now - from.frames) >= count && video.currentTime !== from.time && !video.paused;
    },
    { from, count },
    { timeout: milliseconds },
  );
}

/** How many different colours a coarse grid over the decoded picture has: 1 for a black one. */
export const colours = (page) =>
  page.evaluate(() => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [32, 18];
    const pen = canvas.getContext('2d');
    pen.drawImage(document.querySelector('video'), 0, 0, 32, 18);
    const { data } = pen.getImageData(0, 0, 32, 18);
    const seen = new Set();
    for (let at = 0; at < data.length; at += 4) seen.add((data[at] >> 4) * 256 + (data[at + 1] >> 4) * 16 + (data[at + 2] >> 4));
    return seen.size;
  });
