// Starting and ending other programs; each is ended by its own id.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { atEnd } from './ending.mjs';

/**
 * Starts a program that ends with `t` (a node:test context). Its standard error is kept for failure reports.
 * `gone` resolves when it exited, `ended` when whoever inherited its output closed that too.
 */
export function start(t, file, args, options = {}) {
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
  const running = { child, stderr: '', ended: once(child, 'close'), gone: once(child, 'exit') };
  child.stderr.setEncoding('utf8').on('data', (text) => (running.stderr = (running.stderr + text).slice(-20_000)));
  // A program that cannot be started is reported by whoever waits for it.
  running.ended.catch(() => undefined);
  running.gone.catch(() => undefined);
  atEnd(t, () => end(running));
  return running;
}

/** Ends it, politely at first, and waits until it is gone. */
export async function end(running, signal = 'SIGTERM') {
  if (running.child.exitCode === null && running.child.signalCode === null) {
    running.child.kill(signal);
    const deadline = setTimeout(() => running.child.kill('SIGKILL'), 10_000);
    await running.gone.catch(() => undefined);
    clearTimeout(deadline);
  }
}

/** The first line of standard output that `wanted` accepts; an error with the program's last words if it ends before. */
export async function line(running, wanted, what, milliseconds = 30_000) {
  const lines = createInterface({ input: running.child.stdout });
  const deadline = setTimeout(() => lines.close(), milliseconds);
  try {
    for await (const text of lines) if (wanted(text)) return text;
  } finally {
    clearTimeout(deadline);
    running.child.stdout.resume(); // What it prints later must not fill the pipe.
  }
  throw new Error(`${running.child.spawnfile} did not say ${what}. Its last words:\n${running.stderr}`);
}
