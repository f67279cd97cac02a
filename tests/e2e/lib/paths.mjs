// Where things are.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atEnd } from './ending.mjs';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** A program built by `cargo build`. */
export const program = (name) => join(ROOT, 'target', 'debug', name);

/** A file kept after the run, for people to look at. */
export function output(name) {
  const folder = join(ROOT, 'tests', 'output');
  mkdirSync(folder, { recursive: true });
  return join(folder, name);
}

/** A folder of this test's own, removed when `t` (a node:test context) ends. */
export function temporaryFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), 'stream-console-'));
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
