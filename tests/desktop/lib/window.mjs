// The program's window, driven by as much of W3C WebDriver as that takes, spoken to WebKitWebDriver.
import { readFileSync, writeFileSync } from 'node:fs';
import { atEnd } from '../../e2e/lib/ending.mjs';
import { output, program } from '../../e2e/lib/paths.mjs';
import { end, start } from '../../e2e/lib/processes.mjs';
import { answering, freePort } from './driver.mjs';

/** The key under which WebDriver hands out elements (W3C WebDriver s12.1). */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

/** What functions run in the page may use besides the page: the first enabled element that contains a text. */
const FIND = `const find = (selector, text = '') =>
  [...document.querySelectorAll(selector)].find((one) => one.textContent.includes(text) && !one.disabled) ?? null;`;

const PORTS = ['--rtmp-port', '--http-port', '--hub-port', '--webrtc-port'];

/**
 * Opens the desktop program's window, on free ports where `named` says no other. The driver, the program and the window
 * end with `t`.
 */
export async function openWindow(t, environment, named = [], binary = program('stream-console')) {
  const args = [...named, ...PORTS.filter((name) => !named.includes(name)).flatMap((name) => [name, '0'])];
  const port = await freePort();
  const env = { ...environment, TAURI_AUTOMATION: 'true', TAURI_WEBVIEW_AUTOMATION: 'true' };
  const driver = start(t, 'WebKitWebDriver', [`--port=${port}`], { env });
  driver.child.stdout.resume();

  const ask = async (method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, body: body && JSON.stringify(body) });
    const { value } = await response.json();
    if (!response.ok) {
      throw new Error(`${method} ${path}: ${value.error}: ${value.message}\n${driver.stderr.slice(-2_000)}`);
    }
    return value;
  };
  await answering(() => ask('GET', '/status'), driver);
  const options = { binary, args };
  const capabilities = { alwaysMatch: { 'webkitgtk:browserOptions': options } };
  const { sessionId } = await ask('POST', '/session', { capabilities });
  const at = (path) => `/session/${sessionId}${path}`;
  await ask('POST', at('/timeouts'), { script: 90_000 });

  const run = (script, ...args) =>
    ask('POST', at('/execute/sync'), { script: `${FIND} return (${script})(...arguments);`, args });
  const runAsync = (script, ...args) => ask('POST', at('/execute/async'), { script: `${FIND} ${script}`, args });

  const [app] = readFileSync(`/proc/${driver.child.pid}/task/${driver.child.pid}/children`, 'utf8').trim().split(' ');
  atEnd(t, () => kill(app, 'SIGTERM')); // The driver leaves a program behind whose page does not answer.
  await run(keepPresenting);

  const window = {
    /** Runs a function in the page and returns what it returns. */
    run,
    /** Runs a function in the page that returns a promise, and returns what that resolves with. */
    later: (script, ...args) =>
      runAsync(`const given = [...arguments]; const done = given.pop(); (${script})(...given).then(done);`, ...args),
    /** Waits until a function run in the page returns something true, and returns that. */
    until: async (what, condition, args = [], milliseconds = 30_000) => {
      const found = await runAsync(
        `const [args, milliseconds, done] = arguments;
         const deadline = Date.now() + milliseconds;
         const look = () => {
           const found = (${condition})(...args);
           if (found || Date.now() > deadline) done(found || null);
           else setTimeout(look, 50);
         };
         look();`,
        args,
        milliseconds,
      );
      if (found !== null) return found;
      await window.picture('desktop-failure');
      const text = await run(() => document.body.innerText);
      throw new Error(`waited ${milliseconds} ms for ${what}; the window says:\n${text}`);
    },
    /** Waits until an element containing `text` is there. */
    see: (selector, text) => window.until(`"${text}"`, (selector, text) => !!find(selector, text), [selector, text]),
    /** Waits until an element containing `text` is there and enabled, and clicks it as a person would. */
    click: async (selector, text) => {
      await window.see(selector, text);
      const element = await run((selector, text) => find(selector, text), selector, text);
      await ask('POST', at(`/element/${element[ELEMENT]}/click`), {});
    },
    /** Types into the field whose label contains `text`, as a person would; in place of what stands there if asked to. */
    type: async (text, typed, { instead = false } = {}) => {
      const field = (text) => {
        const label = [...document.querySelectorAll('label')].find((one) => one.textContent.includes(text));
        return label && document.getElementById(label.htmlFor);
      };
      await window.until(`a field called "${text}"`, (text) => [...document.querySelectorAll('label')].some((one) => one.textContent.includes(text)), [text]);
      const element = at(`/element/${(await run(field, text))[ELEMENT]}`);
      if (instead) await ask('POST', `${element}/clear`, {});
      await ask('POST', `${element}/value`, { text: typed });
    },
    /** Calls a command of the program as the page itself does. */
    command: async (name, args) => {
      const { value, error } = await runAsync(
        `const [name, args, done] = arguments;
         window.__TAURI_INTERNALS__.invoke(name, args).then((value) => done({ value }), (error) => done({ error }));`,
        name,
        args ?? {},
      );
      if (error) throw new Error(`${name}: ${JSON.stringify(error)}`);
      return value;
    },
    /** Waits until the video has decoded `count` frames more, then until its picture has the colours of one. */
    plays: async (count) => {
      const counted = () => document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
      const from = await run(counted);
      const more = (from, count) => {
        const now = document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
        return now - from >= count;
      };
      await window.until(`${count} more frames`, more, [from, count]);
      await window.until('colours', coloursOfVideo);
      return run(counted);
    },
    picture: async (name) => writeFileSync(output(`${name}.png`), await ask('GET', at('/screenshot')), 'base64'),
    /** Ends the program without a chance to say goodbye, as a crash or a power cut would. */
    pullThePlug: async () => {
      kill(app, 'SIGKILL');
      await end(driver, 'SIGKILL');
    },
  };
  return window;
}

/**
 * Moves a dot nobody sees. Before it clicks or takes a picture, WebKit waits for the next frame it presents, and without
 * DMABUF a page on which nothing moves presents none.
 */
function keepPresenting() {
  const dot = document.createElement('div');
  dot.style.cssText = 'position: fixed; inset: 0 auto auto 0; width: 1px; height: 1px; background: #0d1117';
  dot.ariaHidden = 'true';
  document.documentElement.append(dot);
  setInterval(() => (dot.style.left = `${(Date.now() >> 5) % 3}px`), 33);
}

/** True when the decoded picture, on a coarse grid, has more than a few colours: not black, not one colour. */
function coloursOfVideo() {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [32, 18];
  const pen = canvas.getContext('2d');
  pen.drawImage(document.querySelector('video'), 0, 0, 32, 18);
  const { data } = pen.getImageData(0, 0, 32, 18);
  const seen = new Set();
  for (let at = 0; at < data.length; at += 4) seen.add([data[at] >> 4, data[at + 1] >> 4, data[at + 2] >> 4].join());
  return seen.size > 8;
}

function kill(pid, signal) {
  try {
    process.kill(Number(pid), signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error; // It has ended already.
  }
}
