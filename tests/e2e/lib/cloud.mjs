// The stand-in for MentraOS' cloud, in a process of its own (`tests/src/bin/mentra-cloud.rs`).
import { createInterface } from 'node:readline';
import { program } from './paths.mjs';
import { start } from './processes.mjs';

/**
 * Starts one with a user who wears glasses; it ends with `t` (a node:test context).
 *
 * - `open(url)` opens the app on the phone, whose webhook is below `url`, and returns what became of that.
 * - `count()` returns the stream that runs and how many starts were asked for.
 */
export async function startCloud(t) {
  const running = start(t, program('mentra-cloud'), []);
  const lines = createInterface({ input: running.child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the cloud ended: ${running.stderr}`);
    return JSON.parse(value);
  };
  const ask = async (asked) => {
    running.child.stdin.write(`${JSON.stringify(asked)}\n`);
    return next();
  };
  const { package: packageName, apiKey } = await next();
  return {
    packageName,
    apiKey,
    open: async (url) => (await ask({ do: 'start', url })).boot,
    count: () => ask({ do: 'count' }),
  };
}
