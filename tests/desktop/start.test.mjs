// Starting where it cannot work, and twice.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { setInterval } from 'node:timers/promises';
import { program, temporaryFolder } from '../e2e/lib/paths.mjs';
import { start } from '../e2e/lib/processes.mjs';
import { startScreen } from './lib/screen.mjs';

/** Runs the desktop program to its end. */
async function runToTheEnd(t, args, env) {
  const running = start(t, program('stream-console'), args, { env });
  running.child.stdout.resume();
  const [code] = await running.ended;
  return { code, stderr: running.stderr };
}

test('without a screen it says so in one line and exits with 2', { timeout: 30_000 }, async (t) => {
  const env = { ...process.env, XDG_DATA_HOME: temporaryFolder(t) };
  delete env.DISPLAY;
  delete env.WAYLAND_DISPLAY;
  const { code, stderr } = await runToTheEnd(t, [], env);
  assert.equal(code, 2);
  assert.match(stderr, /^Stream Console needs a desktop session .*stream-console-headless\.\n$/);
});

test('a port that is none is refused in words', { timeout: 30_000 }, async (t) => {
  const env = { ...process.env, STREAM_CONSOLE_RTMP_PORT: 'seventy' };
  const { code, stderr } = await runToTheEnd(t, [], env);
  assert.equal(code, 2);
  assert.equal(stderr, 'STREAM_CONSOLE_RTMP_PORT must be a port number from 0 to 65535.\n');
});

test('a data folder that cannot be used is told in words and leaves no window behind', { timeout: 60_000 }, async (t) => {
  const env = await startScreen(t);
  const running = start(t, program('stream-console'), ['--data-dir', '/proc/nowhere'], { env });
  running.child.stdout.resume();
  const said = new Promise((resolve) => running.child.stderr.on('data', () => /\n/.test(running.stderr) && resolve()));
  await Promise.race([said, running.ended]);
  assert.match(running.stderr, /The data folder \/proc\/nowhere cannot be used .*--data-dir/);
});

test('a second launch hands over to the first and ends', { timeout: 60_000 }, async (t) => {
  const { STREAM_CONSOLE_MULTI_INSTANCE, ...env } = await startScreen(t);
  const ports = ['--rtmp-port', '--http-port', '--hub-port', '--webrtc-port'].flatMap((name) => [name, '0']);
  const first = start(t, program('stream-console'), ports, { env });
  first.child.stdout.resume();
  await opened(first);
  const second = await runToTheEnd(t, ports, env);
  assert.equal(second.code, 0, 'the second launch hands over and ends');
  assert.equal(first.child.exitCode, null, 'the first goes on');
});

/** Resolves once the program listens for encoders: by then it owns its name on the session bus. */
async function opened({ child }) {
  for await (const _ of setInterval(50)) {
    if (child.exitCode !== null) throw new Error('the first launch ended');
    if (listens(child.pid)) return;
  }
}

/** Whether a process holds a listening TCP socket (state 0A of proc(5) /proc/net/tcp). */
function listens(pid) {
  const lines = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1).map((line) => line.trim().split(/\s+/));
  const inodes = new Set(lines.filter((fields) => fields[3] === '0A').map((fields) => `socket:[${fields[9]}]`));
  return readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return inodes.has(readlinkSync(`/proc/${pid}/fd/${fd}`));
    } catch {
      return false; // Closed between listing and looking.
    }
  });
}
