// What starting WebKitWebDriver takes.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** A port nobody listens on now: the driver takes no "any". */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** WebKitWebDriver says nowhere that it listens: asked until it answers, or ends. */
export async function answering(ask, driver, deadline = Date.now() + 15_000) {
  try {
    return await ask();
  } catch (error) {
    if (driver.child.exitCode !== null || Date.now() > deadline) throw error;
    await pause(20);
    return answering(ask, driver, deadline);
  }
}
