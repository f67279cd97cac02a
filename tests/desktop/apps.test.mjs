// Apps on the published MentraOS SDK and virtual glasses in the real window.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allOfPage, startApp } from '../e2e/lib/app.mjs';
import { startReceiver } from '../e2e/lib/receiver.mjs';
import { startScreen } from './lib/screen.mjs';
import { openWindow } from './lib/window.mjs';

const PLATFORM_KEY = 'planted-platform-key-51c7';

/** Adds an app through the dialog, as a person who reads its configuration does. */
async function add(window, app) {
  await window.click('[data-testid=add-app]', 'Add an app');
  await window.type('Name', app.name);
  await window.type('Package name', app.packageName);
  await window.type('Address', app.url, { instead: true });
  await window.type('API key', app.apiKey);
  await window.see('dialog [role=switch][aria-checked=true]', 'On');
  await window.picture('desktop-apps-dialog');
  await window.click('[data-testid=save-app]', 'Add the app');
  await window.see('[data-testid=app][data-state=stopped] h2', app.name);
}

async function start(window, app) {
  await window.click(`button[aria-label="Start ${app.name}"]`, '');
  await window.see('[data-testid=app][data-state=connected] h2', app.name);
  await app.event('session');
}

/** Stops it from its card; it hears that and is out of the stream. */
async function stop(window, app) {
  await window.click('nav a', 'Apps');
  await window.click(`button[aria-label="Stop ${app.name}"]`, '');
  await app.event('stop');
  await window.see('[data-testid=app][data-state=stopped] h2', app.name);
}

/** Opens the messages of an app and unfolds those of these types. */
async function readMessages(window, app, types) {
  await window.click(`button[aria-label="Messages of ${app.name}"]`, '');
  await window.see('[data-testid=app-log] h2', `Messages of ${app.name}`);
  for (const type of types) {
    await window.click('[data-testid=frame] button[aria-expanded=false]', type);
    await window.see('[data-testid=frame] pre', `"type": "${type}"`);
  }
}

test('two apps share the glasses: added, started, seen and stopped', { timeout: 120_000 }, async (t) => {
  const [receiver, pulse, relay] = await Promise.all([startReceiver(t), startApp(t, 'Pulse'), startApp(t, 'Relay')]);
  const window = await openWindow(t, await startScreen(t));
  await window.click('button', 'Switch on the virtual glasses');
  await window.see('[data-testid=glasses-card]', 'Connected');

  await window.click('nav a', 'Apps');
  await window.see('[data-testid=no-apps]', 'No apps yet');
  await add(window, pulse);
  await start(window, pulse);
  await window.click('nav a', 'Live');
  const restreamDestinations = [{ url: `${receiver.url}/${PLATFORM_KEY}`, name: 'Platform' }];
  const asked = pulse.ask('startManaged', { restreamDestinations });
  await window.see('[data-testid=state-chip]', 'Live');
  await window.see('[data-testid=who-holds]', 'Started by Pulse.');
  const given = await asked;
  await window.see('[data-testid=destination][data-state=broadcasting]', 'Named by Pulse for this stream');
  await window.see('[data-testid=source-card]', 'virtual');
  await window.plays(30);
  await window.picture('desktop-apps-live-one');

  await window.click('nav a', 'Apps');
  await add(window, relay);
  await start(window, relay);
  assert.equal((await relay.ask('startManaged')).hlsUrl, given.hlsUrl, 'it is the same stream');
  await window.see('[data-testid=app-part]', 'Joined this stream');
  await window.picture('desktop-apps');
  await window.click('nav a', 'Live');
  await window.see('[data-testid=who-holds]', 'Started by Pulse. Joined: Relay.');
  await window.plays(30);
  await window.picture('desktop-apps-live-two');

  await window.click('nav a', 'Apps');
  const { ingest } = await window.command('snapshot');
  const secrets = [PLATFORM_KEY, pulse.apiKey, relay.apiKey, ingest.streamKey];
  const showsNoSecret = async (where) => {
    const page = await window.run(allOfPage);
    for (const secret of secrets) assert.ok(!page.includes(secret), `${secret} is in the page: ${where}`);
  };
  await readMessages(window, relay, ['managed_stream_request', 'tpa_connection_init']);
  await showsNoSecret('messages of the second');
  await readMessages(window, pulse, ['tpa_connection_init', 'managed_stream_request']);
  await window.see('[data-testid=frame] pre', 'restreamDestinations');
  await showsNoSecret('messages of the first');
  await window.picture('desktop-apps-messages');

  await stop(window, pulse);
  await window.click('nav a', 'Live');
  await window.see('[data-testid=who-holds]', 'Started by Pulse, which has left. Joined: Relay.');
  await window.plays(30);
  await window.picture('desktop-apps-live-left');
  await showsNoSecret('after the first left');

  await stop(window, relay);
  await window.click('nav a', 'Live');
  await window.see('[data-testid=stage][data-stage=ended]', 'The stream has ended');
  await window.see('[data-testid=camera-said]', 'The camera stopped.');
  await window.picture('desktop-apps-ended');
  const { session, hub } = await window.command('snapshot');
  assert.equal(session.state, 'stopped');
  assert.deepEqual(session.apps, []);
  assert.equal(hub.glasses.link, 'connected', 'the glasses stay');
  await showsNoSecret('at the end');
});
