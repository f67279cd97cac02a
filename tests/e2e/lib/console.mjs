// The real console: the headless program on free ports and a data folder of its own.
import { WebSocket } from 'ws';
import { program as built, temporaryFolder } from './paths.mjs';
import { end, line, start } from './processes.mjs';

/**
 * Starts a console that ends with `t`.
 *
 * - `api(command, args)` calls the control API and returns its answer; a refusal is thrown.
 * - `until(what, condition)` waits until a snapshot of the console satisfies `condition`, and returns that snapshot.
 */
export async function startConsole(t, { folder = temporaryFolder(t), args = [], program = built('stream-console-headless') } = {}) {
  const names = ['--rtmp-port', '--http-port', '--hub-port', '--webrtc-port', '--control-port'];
  const ports = names.flatMap((name) => [name, '0']);
  // The keychain of whoever runs the tests is none of their business.
  const options = ['--data-dir', folder, '--keys-in-file', ...ports, ...args];
  const running = start(t, program, options);
  const ready = JSON.parse(await line(running, (text) => text.startsWith('{'), 'its addresses'));
  const api = async (command, args = {}) => {
    const response = await fetch(`${ready.control}/api/${command}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ready.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(args),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${command}: ${response.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  };
  return {
    ...ready,
    folder,
    api,
    until: (what, condition, milliseconds) => until(ready, api, what, condition, milliseconds),
    kill: () => end(running, 'SIGKILL'),
  };
}

/** Asks for a snapshot at every event, so that a test waits for what happens and not for the clock. */
function until({ control, token }, api, what, condition, milliseconds = 30_000) {
  const address = `${control.replace(/^http/, 'ws')}/api/events?token=${token}`;
  const socket = new WebSocket(address, { origin: control });
  return new Promise((resolve, reject) => {
    let last = null;
    const settle = (settled, value) => {
      clearTimeout(deadline);
      socket.terminate();
      settled(value);
    };
    const deadline = setTimeout(() => {
      const { session, destinations } = last ?? {};
      const seen = JSON.stringify({ session, destinations });
      settle(reject, new Error(`waited ${milliseconds} ms for ${what}; it is ${seen}`));
    }, milliseconds);
    let asking = false;
    let again = false;
    const look = async () => {
      if (asking) return void (again = true);
      asking = true;
      do {
        again = false;
        last = await api('snapshot');
        if (condition(last)) return settle(resolve, last);
      } while (again);
      asking = false;
    };
    socket.on('message', () => look().catch((error) => settle(reject, error)));
    socket.on('error', (error) => settle(reject, error));
    socket.on('close', () => settle(reject, new Error(`the console closed while waiting for ${what}`)));
  });
}

export const isActive = ({ session }) => session.state === 'active' && session.phase === 'live';
export const isInterrupted = ({ session }) => session.phase === 'interrupted';

/** Whether the destinations of these names, and no others, are in this state. */
export const areIn =
  (state, ...names) =>
  ({ destinations }) => {
    const found = destinations.filter((one) => one.state === state).map((one) => one.name);
    return found.length === names.length && names.every((name) => found.includes(name));
  };

/** Whether the destinations of these names, and no others, broadcast, and bytes are counted. */
export const areOnAir =
  (...names) =>
  (snapshot) =>
    areIn('broadcasting', ...names)(snapshot) &&
    snapshot.destinations.every((one) => one.state !== 'broadcasting' || one.bitrateBps > 0);
