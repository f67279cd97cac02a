// Real glasses through the MentraOS cloud, in the real window: set up, streamed in all three ways, and found again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allOfPage } from '../e2e/lib/app.mjs';
import { startCloud } from '../e2e/lib/cloud.mjs';
import { startReceiver } from '../e2e/lib/receiver.mjs';
import { freePort } from './lib/driver.mjs';
import { startScreen } from './lib/screen.mjs';
import { openWindow } from './lib/window.mjs';

const KEY = 'planted-destination-key-3k1f';

async function choose(window) {
  await window.click('nav a', 'Live');
  await window.click('label', 'Mentra glasses');
}

async function stop(window) {
  await window.click('[data-testid=primary]', 'Stop');
  await window.see('[data-testid=state-chip]', 'Ended');
}

/** The same screen in the other colours. */
async function inLight(window, name) {
  const { settings } = await window.command('snapshot');
  const wear = (theme) => window.command('update_settings', { args: { ...settings.chosen, theme } });
  await wear('light');
  await window.see('[data-theme=light]', '');
  await window.until('the colours to have changed', () =>
    document.getAnimations().every((one) => !(one instanceof CSSTransition)),
  );
  await window.picture(name);
  await wear('dark');
}

test('set up, to this computer, through MentraOS, a crash, straight to a server', { timeout: 240_000 }, async (t) => {
  const [receiver, cloud, environment, port] = await Promise.all([
    startReceiver(t),
    startCloud(t),
    startScreen(t),
    freePort(),
  ]);
  const door = `http://127.0.0.1:${port}`;
  let window = await openWindow(t, environment);

  await window.click('[data-testid=set-up-cloud]', 'Use real Mentra glasses');
  await window.type('Package name', cloud.packageName);
  await window.type('API key', cloud.apiKey);
  await window.type('Public address of the tunnel', door);
  await window.click('summary', 'More choices');
  await window.type('Port of the webhook', String(port), { instead: true });
  await window.click('[data-testid=save-cloud]', 'Connect');
  await window.see('[data-testid=step-2]', 'On file');
  await window.click('[data-testid=check-webhook]', 'Is my webhook reachable?');
  await window.see('[data-testid=webhook-steps]', 'The way is free.');
  await window.picture('desktop-cloud-set-up');
  assert.equal(await cloud.open(door), 'Acked');
  await window.see('[data-testid=step-5]', 'The glasses are ready.');
  await window.picture('desktop-cloud-connected');
  await inLight(window, 'desktop-cloud-connected-light');
  assert.ok(!(await window.run(allOfPage)).includes(cloud.apiKey), 'the key is not in the page');

  const { id } = await window.command('add_destination', {
    args: { preset: 'custom', name: 'Near', url: receiver.url, streamKey: KEY },
  });
  await choose(window);
  await window.picture('desktop-cloud-choice');
  await window.click('[data-testid=primary]', 'Start');
  await window.see('[data-testid=state-chip]', 'Preview');
  await window.plays(30);
  await window.click('[data-testid=go-live]', 'Go live');
  await window.click('[data-testid=confirm-go-live]', 'Go live on 1 destination');
  await window.see('[data-testid=destination][data-state=broadcasting]', 'Near');
  await window.picture('desktop-cloud-here');
  await stop(window);
  await window.command('set_destination', { args: { id, enabled: false } });

  await choose(window);
  await window.click('[data-testid=cloud-delivery] label', 'Through MentraOS');
  await window.click('[data-testid=primary]', 'Start');
  await window.see('[data-testid=state-chip]', 'Live');
  await window.see('[data-testid=sent-by-cloud]', 'MentraOS sends this stream on.');
  await window.plays(30);
  await window.picture('desktop-cloud-through');
  await inLight(window, 'desktop-cloud-through-light');

  const before = await cloud.count();
  await window.pullThePlug();
  window = await openWindow(t, environment);
  await window.see('[data-testid=state-chip]', 'Interrupted');
  await window.picture('desktop-cloud-after-crash');
  assert.equal(await cloud.open(door), 'Acked');
  await window.see('[data-testid=state-chip]', 'Live');
  await window.plays(30);
  await window.picture('desktop-cloud-adopted');
  assert.deepEqual(await cloud.count(), before, 'it was taken over, not started again');
  await stop(window);
  assert.equal((await cloud.count()).streamId, null, 'no camera stays on');

  await choose(window);
  await window.click('[data-testid=unmanaged]', 'Straight to my server');
  await window.type('Address of your server', `${receiver.url}/${KEY}`);
  await window.click('[data-testid=start-unmanaged]', 'Start');
  await window.see('[data-testid=unmanaged-status]', 'The glasses say that the server takes the stream');
  await window.picture('desktop-cloud-unmanaged');
  assert.ok(!(await window.run(allOfPage)).includes(KEY), 'the key is not in the page');
  await stop(window);
});
