// As much of W3C WebDriver as a test of one window needs, spoken to WebKitWebDriver.
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { output } from '../../e2e/lib/paths.mjs';
import { start } from '../../e2e/lib/processes.mjs';

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

/**
 * Starts the driver and through it `program`; the window is ready to be driven.
 *
 * The driver ends the program when its session ends; `t` ends both.
 */
export async function openWindow(t, program, args, environment) {
  const port = await freePort();
  const env = { ...environment, TAURI_AUTOMATION: 'true', TAURI_WEBVIEW_AUTOMATION: 'true' };
  const driver = start(t, 'WebKitWebDriver', [`--port=${port}`], { env });
  driver.child.stdout.resume();
  const ask = async (method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, body: body && JSON.stringify(body) });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${value.error}: ${value.message}\n${driver.stderr.slice(-2_000)}`);
    return value;
  };
  await listening(ask, driver);
  const capabilities = { 'webkitgtk:browserOptions': { binary: program, args } };
  const { sessionId } = await ask('POST', '/session', { capabilities: { alwaysMatch: capabilities } });
  const at = (path) => `/session/${sessionId}${path}`;
  await ask('POST', at('/timeouts'), { script: 60_000, pageLoad: 60_000 });

  const window = {
    /** Runs a function in the page and returns what it returns. */
    run: (script, ...args) => ask('POST', at('/execute/sync'), { script: `return (${script})(...arguments)`, args }),
    /** Waits in the page until `condition` returns something true, and returns that. */
    until: async (what, condition, args = [], milliseconds = 30_000) => {
      const found = await ask('POST', at('/execute/async'), { script: WAIT(condition), args: [args, milliseconds] });
      if (found !== null) return found;
      const text = await window.run(() => document.body.innerText);
      throw new Error(`waited ${milliseconds} ms for ${what}; the window says:\n${text}`);
    },
    /** Waits for an element and clicks it as a person would. */
    click: async (selector, text = '') => {
      await window.until(`${selector} "${text}"`, FIND, [selector, text]);
      const found = await window.run(FIND, selector, text);
      await ask('POST', at(`/element/${found[ELEMENT]}/click`), {});
    },
    /** Waits for an element that contains `text`. */
    see: (selector, text) => window.until(`${selector} "${text}"`, (selector, text) => !!(${'FIND'})(selector, text), [selector, text]),
    /** Keeps a picture of the window. */
    picture: async (name) => writeFileSync(output(`${name}.png`), await ask('GET', at('/screenshot')), 'base64'),
    /** Ends the session, and with it the program. */
    close: () => ask('DELETE', at('')),
  };
  return window;
}
