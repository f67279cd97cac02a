// From the start of the desktop program to a window one can use. Prints {"startsMs": [...], "atOnce": n}: every start, the
// first one with an empty home; and in how many of them the button was there already when it was first looked for.
//
//   node tests/bench/window.mjs <desktop program> <number of starts>
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { answering, freePort } from '../desktop/lib/driver.mjs';
import { startScreen } from '../desktop/lib/screen.mjs';
import { end, start } from '../e2e/lib/processes.mjs';
import { measured } from './lib/scope.mjs';

/** Ticks a second in /proc/<pid>/stat: Linux shows user space 100 on every architecture Debian has. */
const TICKS_PER_S = 100;

const [program, starts] = [process.argv[2], Number(process.argv[3])];

await measured(async (scope) => {
  const environment = await startScreen(scope);
  const startsMs = [];
  let atOnce = 0;
  for (let n = 0; n < starts; n += 1) {
    const { tookMs, waited } = await oneStart(scope, environment);
    startsMs.push(Math.round(tookMs));
    if (!waited) atOnce += 1;
  }
  return { startsMs, atOnce };
});

async function oneStart(scope, environment) {
  const port = await freePort();
  const env = { ...environment, TAURI_AUTOMATION: 'true', TAURI_WEBVIEW_AUTOMATION: 'true' };
  const driver = start(scope, 'WebKitWebDriver', [`--port=${port}`], { env });
  driver.child.stdout.resume();
  const ask = async (path, body) => {
    const options = body && { method: 'POST', body: JSON.stringify(body) };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, options);
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${path}: ${value.error}: ${value.message}\n${driver.stderr.slice(-2_000)}`);
    return value;
  };
  await answering(() => ask('/status'), driver);

  // Asking for a session is what starts the program.
  const options = { binary: program, args: ['--rtmp-port', '--http-port', '--hub-port', '--webrtc-port'].flatMap((name) => [name, '0']) };
  const capabilities = { alwaysMatch: { 'webkitgtk:browserOptions': options } };
  const { sessionId } = await ask('/session', { capabilities });
  const script = `(${usable})(...arguments);`;
  const { atMs, waited } = await ask(`/session/${sessionId}/execute/async`, { script, args: [] });
  const [app] = readFileSync(`/proc/${driver.child.pid}/task/${driver.child.pid}/children`, 'utf8').trim().split(' ');
  const tookMs = atMs - startedAtMs(app);

  process.kill(Number(app), 'SIGTERM');
  await gone(app);
  await end(driver);
  return { tookMs, waited };
}

/** Calls `done` once the button of the first screen can be pressed and has been drawn. Runs in the page. */
function usable(done) {
  const deadline = Date.now() + 20_000;
  const pressable = (button) => {
    if (button === null || button.disabled) return false;
    const { left, top, width, height } = button.getBoundingClientRect();
    return width > 0 && button.contains(document.elementFromPoint(left + width / 2, top + height / 2));
  };
  let waited = false;
  const look = () => {
    if (pressable(document.querySelector('[data-testid=try-demo], [data-testid=primary]'))) {
      // The second frame begins when the first, which shows it, is out.
      requestAnimationFrame(() => requestAnimationFrame(() => done({ atMs: Date.now(), waited })));
    } else if (Date.now() < deadline) {
      waited = true;
      setTimeout(look, 2);
    }
  };
  look();
}

/** When a process was started, on the clock of `Date.now()`, to a hundredth of a second (proc(5): starttime). */
function startedAtMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
  const ageS = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) - Number(fields[19]) / TICKS_PER_S;
  return Date.now() - ageS * 1_000;
}

/** Resolves when a process that is not our child has ended. */
async function gone(pid) {
  for (let n = 0; n < 500; n += 1) {
    try {
      process.kill(Number(pid), 0);
    } catch {
      return;
    }
    await pause(20);
  }
  throw new Error('the program did not end when asked to');
}
