// The desktop program as a person uses it: the real window, the real engine, the real decoder.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startScreen } from './lib/screen.mjs';
import { openWindow } from './lib/window.mjs';

test('first run: demo camera, live picture, stop, history', { timeout: 120_000 }, async (t) => {
  const window = await openWindow(t, await startScreen(t));
  await window.see('h2', 'Try the demo camera');
  await window.picture('desktop-first-run');

  await window.click('button', 'Start the demo camera');
  await window.see('[data-testid=state-chip]', 'Live');
  // This web view knows no WebRTC: the picture comes frame by frame through a socket, and no later than a second.
  await window.see('[data-testid=player][data-way=socket]', '');
  const frames = await window.plays(60);
  const behind = await window.until('a picture less than a second old', () => {
    const behindS = Number.parseFloat(find('[data-testid=latency]')?.textContent.match(/[\d.]+(?= s)/)?.[0] ?? 'NaN');
    return behindS < 1 ? `${behindS} s behind` : null;
  });
  t.diagnostic(behind);
  t.diagnostic(`${frames} frames decoded`);
  await window.picture('desktop-live');
  assert.equal(await window.run(() => !!find('[data-testid=connection-lost]')), false, 'the window is connected');
  const violations = await window.run(() => performance.getEntriesByType('resource').filter((one) => !/^(tauri|ipc|http:\/\/127\.0\.0\.1|http:\/\/ipc\.localhost|blob|data)/.test(one.name)).map((one) => one.name));
  assert.deepEqual(violations, [], 'nothing is fetched from beyond this computer');

  await window.click('[data-testid=primary]', 'Stop');
  await window.see('[data-testid=primary]', 'Start');
  await window.click('nav a', 'History');
  await window.see('[data-testid=history-row]', 'Demo camera');
  await window.picture('desktop-history');
  const streams = await window.command('list_streams', { args: {} });
  assert.equal(streams.length, 1);
  assert.equal(streams[0].failed, false);
});

test('killed in mid-stream: the next start plays the same stream at the same address', { timeout: 150_000 }, async (t) => {
  const environment = await startScreen(t);
  const before = await openWindow(t, environment);
  await before.click('button', 'Start the demo camera');
  await before.plays(60);
  const { session } = await before.command('snapshot');
  await before.pullThePlug();

  // The address contains the port, which was any free one.
  const { port } = new URL(session.urls.hls);
  const after = await openWindow(t, environment, ['--http-port', port]);
  await after.see('[data-testid=state-chip]', 'Live');
  await after.plays(60);
  await after.picture('desktop-after-kill');
  const resumed = (await after.command('snapshot')).session;
  assert.equal(resumed.streamId, session.streamId, 'it is the same stream');
  assert.deepEqual(resumed.urls, session.urls, 'at the same addresses');
  await after.click('[data-testid=primary]', 'Stop');
  await after.see('[data-testid=primary]', 'Start');
  assert.equal((await after.command('list_streams', { args: {} })).length, 1, 'history knows one stream, not two');
});

test('the window refuses in words what the program does not know', { timeout: 60_000 }, async (t) => {
  const window = await openWindow(t, await startScreen(t));
  await window.see('h1', 'Your first stream');
  await assert.rejects(window.command('open_external', { url: 'file:///etc/passwd' }), /invalid_request/);
  await assert.rejects(window.command('stream_detail', { args: { streamId: 'nosuchstream' } }), /not_found|invalid_request/);
  await assert.rejects(window.command('plugin:clipboard-manager|read_image'), /not allowed/i, 'least privilege');
});
