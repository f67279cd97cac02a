// A screen and a home of the tests' own: never the user's.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../e2e/lib/paths.mjs';
import { line, start } from '../../e2e/lib/processes.mjs';

/**
 * Starts an X server, which chooses a free number itself, and returns the environment in which the program sees that
 * screen, an empty home, and no other copy of itself. Everything is gone when `t` (a node:test context) ends.
 */
export async function startScreen(t) {
  const home = temporaryFolder(t);
  const server = start(t, 'Xvfb', ['-displayfd', '1', '-screen', '0', '1440x900x24', '-nolisten', 'tcp']);
  const number = await line(server, (text) => /^\d+$/.test(text), 'its display');
  const folder = (name) => {
    mkdirSync(join(home, name), { mode: 0o700 });
    return join(home, name);
  };
  const environment = {
    ...process.env,
    DISPLAY: `:${number}`,
    GDK_BACKEND: 'x11',
    NO_AT_BRIDGE: '1', // No accessibility bus: it would be one more daemon to end.
    WEBKIT_DISABLE_DMABUF_RENDERER: '1',
    STREAM_CONSOLE_MULTI_INSTANCE: '1',
    STREAM_CONSOLE_KEYS_IN_FILE: '1', // The keychain of whoever runs the tests is none of their business.
    XDG_DATA_HOME: folder('data'),
    XDG_CONFIG_HOME: folder('config'),
    XDG_CACHE_HOME: folder('cache'),
    XDG_RUNTIME_DIR: folder('run'),
  };
  delete environment.WAYLAND_DISPLAY;
  return environment;
}
