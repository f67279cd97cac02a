// The pure parts: the form, the messages and the example.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { app, frames } from '../../host/fake-apps';
import { EXAMPLE, EXAMPLE_TEMPLATE, exampleApp, exampleUrl } from './example';
import { draftFor, draftOf, problemsOf, toArgument, withPermission, withPermissions } from './form';
import { copied, grown, lineOf, MOST_FRAMES } from './log';

const draft = (over = {}) => ({ ...draftFor({ packageName: 'com.example.camera' }), ...over });

test.each([
  ['com.example.camera', true],
  [' a ', true],
  ['My_App-2', true],
  ['', false],
  ['12.34', false],
  ['com example', false],
  ['com/example', false],
  ['a'.repeat(129), false],
])('the package name %j: %s', (packageName, fine) =>
  expect(problemsOf(draft({ packageName })).packageName === undefined).toBe(fine),
);

test.each([
  ['http://127.0.0.1:7010', true],
  ['https://app.example', true],
  [' http://[::1]:7010 ', true],
  ['127.0.0.1:7010', false],
  ['ws://127.0.0.1:7010', false],
  ['http:127.0.0.1', false],
  ['http://user@host', false],
  ['http://ho st', false],
  ['', false],
])('the address %j: %s', (url, fine) => expect(problemsOf(draft({ url })).url === undefined).toBe(fine));

test('a new app is called as its package when it has no name, and has a key only if one was typed', () => {
  expect(toArgument(draft(), null)).toEqual({
    name: 'com.example.camera',
    packageName: 'com.example.camera',
    url: 'http://127.0.0.1:7010',
    permissions: ['CAMERA'],
  });
  expect(toArgument(draft({ name: ' Cam ', apiKey: ' k ', camera: false }), null)).toMatchObject({
    name: 'Cam',
    apiKey: 'k',
    permissions: [],
  });
});

test('an edit keeps what the form does not show, and the key unless it is replaced or forgotten', () => {
  const was = app({ permissions: ['MICROPHONE'] });
  const same = draftOf(was);
  expect(same.apiKey).toBe('');
  expect(toArgument({ ...same, camera: true }, was)).toEqual({
    name: was.name,
    packageName: was.packageName,
    url: was.url,
    permissions: ['CAMERA', 'MICROPHONE'],
  });
  expect(toArgument({ ...same, apiKey: 'new', forgetKey: true }, was).apiKey).toBe('new');
  expect(toArgument({ ...same, forgetKey: true }, was).apiKey).toBe('');
  expect(withPermission(['LOCATION', 'CAMERA'], 'CAMERA', false)).toEqual(['LOCATION']);
  expect(withPermissions(was, ['CAMERA'])).not.toHaveProperty('apiKey');
});

test('a message is told by its type and by what is not in every message', () => {
  const [, init] = frames(0);
  if (init === undefined) throw new Error('there are messages');
  expect(lineOf(init)).toMatchObject({ type: 'tpa_connection_init', gist: 'apiKey: ***' });
  expect(lineOf({ ...init, text: 'no json' })).toMatchObject({
    type: '',
    gist: 'no json',
    pretty: 'no json',
  });
  expect(lineOf({ ...init, text: '[1,2]' })).toMatchObject({ type: '', gist: '[1,2]' });
  expect(lineOf({ ...init, text: '{"type":7,"a":{"b":1}}' })).toMatchObject({ type: '', gist: 'a: {"b":1}' });
  expect(lineOf({ ...init, text: `"${'x'.repeat(400)}"` }).gist).toHaveLength(161);
});

test('messages are appended once, up to a bound', () => {
  const all = frames(0);
  const known = grown([], all.slice(0, 3));
  expect(grown(known, all).map((one) => one.seq)).toEqual(all.map((one) => one.seq));
  const [one] = all;
  if (one === undefined) throw new Error('there are messages');
  const many = Array.from({ length: MOST_FRAMES + 5 }, (_, seq) => ({ ...one, seq }));
  const kept = grown([], many);
  expect([kept.length, kept[0]?.seq]).toEqual([MOST_FRAMES, 5]);
  expect(copied(known)).toContain('Webhook\n{\n  "type": "session_request"');
});

test('the example holds the values that its registration gets', () => {
  const code = exampleApp(EXAMPLE);
  expect(code).toContain("packageName: 'com.example.camera', apiKey: 'example-key', port: 7010");
  expect(code).not.toMatch(/%[A-Z_]+%/);
  expect(exampleUrl(EXAMPLE)).toBe('http://127.0.0.1:7010');
  expect(exampleApp({ packageName: 'a', apiKey: "it's \\ $& %PORT%", port: 1 })).toContain(
    "apiKey: 'it\\'s \\\\ $& %PORT%', port: 1",
  );
});

test('the example can be taken out of its file by whoever runs it', () => {
  const file = readFileSync('src/features/apps/example.ts', 'utf8');
  expect(/EXAMPLE_TEMPLATE = `([^`]*)`;/.exec(file)?.[1]).toBe(EXAMPLE_TEMPLATE);
  expect(EXAMPLE_TEMPLATE).not.toContain('${');
});
