// Apps on the published MentraOS SDK as a person without a mouse meets them, and the page that shows how to write one.
import assert from 'node:assert/strict';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../desktop/lib/driver.mjs';
import { allOfPage, environment, MENTRA, startApp } from './lib/app.mjs';
import { keepPicture, openPage, playsOn, startBrowser, tabTo } from './lib/browser.mjs';
import { areOnAir, isActive, startConsole } from './lib/console.mjs';
import { ROOT, temporaryFolder } from './lib/paths.mjs';
import { line, start } from './lib/processes.mjs';
import { startReceiver } from './lib/receiver.mjs';

const PLATFORM_KEY = 'planted-platform-key-93b8';

/** A player that is still on the screen when its stream is closed asks for it once more. */
const PLAYER_OF_A_CLOSED_STREAM = /Failed to load resource.*(404|410).*\/(index|video|audio)[^/]*\.m3u8/;

/** A page with the console on it, and what a keyboard can do there. */
async function openConsole(t, console, name) {
  const page = await openPage(t, await startBrowser(t), console.open, {
    name,
    viewport: { width: 1440, height: 900 },
    expected: [PLAYER_OF_A_CLOSED_STREAM],
  });
  const press = async (locator, key = 'Enter') => {
    await tabTo(page, locator);
    await page.keyboard.press(key);
  };
  /** In place of what stands there: arriving by Tab selects it. */
  const fill = async (locator, text) => {
    await tabTo(page, locator);
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type(text);
  };
  const button = (name) => page.getByRole('button', { name, exact: true });
  const goTo = (name) => press(page.getByRole('navigation').getByRole('link', { name }));
  const card = (name) => page.getByTestId('app').filter({ has: page.getByRole('heading', { name, exact: true }) });
  const inState = (name, state) => card(name).and(page.locator(`[data-state=${state}]`)).waitFor();
  return { page, press, fill, button, goTo, card, inState };
}

/** Adds an app with the keyboard; Enter in its last field saves. */
async function add({ page, press, fill, button, inState }, app) {
  await press(button('Add an app'));
  const field = (label) => page.getByRole('dialog').getByLabel(label, { exact: true });
  await fill(field('Name'), app.name);
  await fill(field('Package name'), app.packageName);
  await fill(field('Address'), app.url);
  await fill(page.getByRole('dialog').getByLabel(/^API key/), app.apiKey);
  await page.keyboard.press('Enter');
  await inState(app.name, 'stopped');
}

test('two apps by keyboard: add, permit, start, read, stop; no key is shown', { timeout: 120_000 }, async (t) => {
  const [console, receiver, pulse, relay] = await Promise.all([
    startConsole(t),
    startReceiver(t),
    startApp(t, 'Pulse'),
    startApp(t, 'Relay'),
  ]);
  const shown = await openConsole(t, console, 'apps-end');
  const { page, press, button, goTo, card, inState } = shown;
  const { ingest } = await console.api('snapshot');
  const secrets = [PLATFORM_KEY, pulse.apiKey, relay.apiKey, ingest.streamKey];
  const showsNoSecret = async (where) => {
    const all = await page.evaluate(allOfPage);
    for (const secret of secrets) assert.ok(!all.includes(secret), `${secret} is in the page: ${where}`);
  };

  await press(button('Switch on the virtual glasses'));
  await page.getByTestId('glasses-card').getByText('Connected').waitFor();
  await goTo('Apps');
  await page.getByRole('heading', { name: 'No apps yet' }).waitFor();
  await add(shown, pulse);
  await showsNoSecret('a registered app');
  const { apps } = await console.api('snapshot');
  const [{ packageName, url, hasApiKey, permissions }] = apps;
  assert.deepEqual(
    { packageName, url, hasApiKey, permissions },
    { packageName: pulse.packageName, url: pulse.url, hasApiKey: true, permissions: ['CAMERA'] },
  );

  await press(button('Start Pulse'));
  await inState('Pulse', 'connected');
  await pulse.event('session');
  await button('Stop Pulse').and(page.locator(':focus')).waitFor();

  // What it may not do it is told in words; the switch is there at once.
  const camera = card('Pulse').getByRole('switch', { name: 'Camera', exact: true });
  await press(camera, 'Space');
  await camera.and(page.locator('[aria-checked=false]')).waitFor();
  await assert.rejects(pulse.ask('startManaged'), /camera/i);
  await press(camera, 'Space');
  await camera.and(page.locator('[aria-checked=true]')).waitFor();

  const restreamDestinations = [{ url: `${receiver.url}/${PLATFORM_KEY}`, name: 'Platform' }];
  const given = await pulse.ask('startManaged', { restreamDestinations });
  await console.until('the destination of the app to broadcast', areOnAir('Platform'));
  await card('Pulse').getByText('Started this stream').waitFor();

  await add(shown, relay);
  await press(button('Start Relay'));
  await inState('Relay', 'connected');
  assert.equal((await relay.ask('startManaged')).hlsUrl, given.hlsUrl, 'it is the same stream');
  await card('Relay').getByText('Joined this stream').waitFor();
  await keepPicture(page, 'apps');

  await press(button('Messages of Pulse'));
  const log = page.getByTestId('app-log');
  await log.getByRole('heading', { name: 'Messages of Pulse' }).waitFor();
  const message = (type) => log.getByTestId('frame').filter({ hasText: type }).first();
  const said = { tpa_connection_init: 'tpa_connection_init', restreamDestinations: 'managed_stream_request' };
  for (const [text, type] of Object.entries(said)) {
    await press(message(text).locator('button[aria-expanded]'));
    await message(text).locator('pre').getByText(`"type": "${type}"`).waitFor();
  }
  await message('tpa_connection_init').locator('pre').getByText('"apiKey": "***"').waitFor();
  await keepPicture(page, 'apps-messages');
  await showsNoSecret('its messages');
  await press(button('Copy all messages'));
  await button('Copy all messages').getByText('Copied').waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, /"type": "managed_stream_request"/);
  for (const secret of secrets) assert.ok(!copied.includes(secret), `${secret} is in the copied messages`);
  await press(button('Close the messages'));
  await button('Messages of Pulse').and(page.locator(':focus')).waitFor();

  await goTo('Live');
  await page.getByTestId('who-holds').getByText('Started by Pulse. Joined: Relay.').waitFor();
  await playsOn(page, 30);
  await showsNoSecret('the stream');
  await goTo('Apps');
  await press(button('Stop Pulse'));
  await inState('Pulse', 'stopped');
  await pulse.event('stop');
  const left = await console.until('one app to be left', ({ session }) => session.apps.length === 1);
  assert.ok(isActive(left), 'the stream goes on');
  assert.equal(left.session.urls.hls, given.hlsUrl, 'at the same address');
  await press(button('Stop Relay'));
  await inState('Relay', 'stopped');
  await console.until(
    'the stream to end and the camera with it',
    ({ session, hub }) => session.phase === 'ended' && hub.glasses.camera === 'The camera stopped.',
  );
  await showsNoSecret('at the end');
  page.noErrors();
});

/** The page's own example, as the UI is built from it. */
async function exampleModule() {
  const typescript = createRequire(join(ROOT, 'ui', 'package.json'))('typescript');
  const source = readFileSync(join(ROOT, 'ui/src/features/apps/example.ts'), 'utf8');
  const { outputText } = typescript.transpileModule(source, { compilerOptions: { module: 'esnext', target: 'es2022' } });
  return import(`data:text/javascript,${encodeURIComponent(outputText)}`);
}

test('the example is copied, saved, run and added as the page says, and streams', { timeout: 120_000 }, async (t) => {
  const { exampleApp, EXAMPLE, EXAMPLE_NAME, EXAMPLE_RUN } = await exampleModule();
  const console = await startConsole(t);
  const { page, press, fill, button, goTo } = await openConsole(t, console, 'apps-build');
  await goTo('Apps');
  await press(page.getByRole('link', { name: 'Build an app' }));
  await page.getByRole('heading', { name: 'Build an app against this console' }).waitFor();
  const copy = async () => {
    await page.evaluate(() => navigator.clipboard.writeText(''));
    await press(button('Copy the program'));
    const copied = await page.waitForFunction(() => navigator.clipboard.readText());
    return copied.jsonValue();
  };
  assert.equal(await copy(), exampleApp(EXAMPLE), 'as it is shown at first');

  const values = { packageName: 'com.example.own', apiKey: `it's a \\ key`, port: await freePort() };
  await fill(page.getByLabel('Package name'), values.packageName);
  await fill(page.getByLabel('API key'), values.apiKey);
  await fill(page.getByLabel('Port'), String(values.port));
  const program = await copy();
  assert.equal(program, exampleApp(values), 'with the values of the reader');
  assert.equal(await page.getByTestId('example').innerText(), program);

  const folder = temporaryFolder(t);
  symlinkSync(join(MENTRA, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'app.mjs'), program);
  const [node, ...args] = EXAMPLE_RUN.split(' ');
  assert.equal(node, 'node');
  const running = start(t, process.execPath, args, { cwd: folder, env: environment() });
  await line(running, (text) => text.includes('App server running'), 'that it listens');
  const watched = line(running, (text) => text.includes('watch it at'), 'where to watch');

  await press(button(`Add ${values.packageName}`));
  await press(button('Add the app'));
  await page.getByText(`${EXAMPLE_NAME} is added.`).waitFor();
  await press(button('Switch on the virtual glasses'));
  await page.getByText('No glasses are connected.').waitFor({ state: 'hidden' });
  await press(button('Start it'));
  await page.getByText('It is connected.').waitFor();
  const said = await watched;
  const { session } = await console.until('the stream to be live', isActive);
  assert.ok(said.includes(session.urls.hls), `${said} names ${session.urls.hls}`);
  await keepPicture(page, 'apps-build-running');
  await press(button('Stop it'));
  await console.until('the stream to end', ({ session }) => session.phase === 'ended');
  page.noErrors();
});
