// A MentraOS app on the published SDK, in a process of its own, driven by a script (`mentra/app.mjs`).
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from './paths.mjs';
import { start } from './processes.mjs';

/** Where the SDK is installed. */
export const MENTRA = join(ROOT, 'tests', 'mentra');

/** The SDK asks a server of its maker for newer versions: not from here. */
export const environment = () => ({
  ...process.env,
  HTTPS_PROXY: 'http://127.0.0.1:1',
  NO_PROXY: '127.0.0.1',
  NODE_ENV: 'production',
});

/**
 * Starts an app that people call `name`; it ends with `t` (a node:test context).
 *
 * - `ask(command, argument)` has it call a function of the SDK and returns what that did; what it throws is thrown.
 * - `event(kind, wanted)` waits for the first event of this kind that is as wanted, also one of the past.
 */
export async function startApp(t, name) {
  const packageName = `com.example.${name.toLowerCase()}`;
  const apiKey = `planted-api-key-of-${name.toLowerCase()}`;
  const args = ['--import', './lib/free-port.mjs', 'app.mjs', packageName, apiKey];
  const running = start(t, process.execPath, args, { cwd: MENTRA, env: environment() });
  running.child.stdout.resume();

  const events = [];
  const told = new EventEmitter();
  createInterface({ input: running.child.stderr }).on('line', (line) => {
    if (!line.startsWith('{')) return; // A warning of its runtime.
    events.push(JSON.parse(line));
    told.emit('more');
  });
  running.gone.then(() => told.emit('error', new Error('it ended')), (error) => told.emit('error', error));
  told.on('error', () => undefined); // Told to whoever waits.

  const event = async (kind, wanted = () => true, milliseconds = 30_000) => {
    const signal = AbortSignal.timeout(milliseconds);
    for (;;) {
      const found = events.find((one) => one.event === kind && wanted(one));
      if (found) return found;
      await once(told, 'more', { signal }).catch((error) => {
        const why = signal.aborted ? `${milliseconds} ms passed` : error.message;
        throw new Error(`${why} waiting for ${kind} of ${name}, which told ${JSON.stringify(events)}`);
      });
    }
  };
  let asked = 0;
  const ask = async (command, argument = null) => {
    const id = (asked += 1);
    running.child.stdin.write(`${JSON.stringify({ id, command, argument })}\n`);
    const { value, error } = await event('answer', (one) => one.id === id);
    if (error !== undefined) throw new Error(error);
    return value;
  };
  const { url } = await event('listening');
  return { name, packageName, apiKey, url, ask, event };
}

/** What the page says to eyes and to machines: its text, its markup, and what stands in its fields. */
export const allOfPage = () =>
  [
    document.documentElement.outerHTML,
    document.body.innerText,
    ...[...document.querySelectorAll('input, textarea, select')].map((one) => one.value),
  ].join('\n');
