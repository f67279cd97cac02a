import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ask, basePath, isStatus, next, type Sight, type Status } from './status';

const live: Status = { state: 'live', viewers: 2, configVersion: 1 };

test.each([
  ['/k3v9_Q-2/watch', '/k3v9_Q-2'],
  ['/k3v9/watch/', '/k3v9'],
  ['/watch', null],
  ['/a/b/watch', null],
  ['/watch.html', null],
  ['/%2e%2e/watch', null],
])('the base of %s is %s', (path, base) => expect(basePath(path)).toBe(base));

test('only a whole status is believed', () => {
  expect(isStatus(live)).toBe(true);
  expect(isStatus({ ...live, state: 'party' })).toBe(false);
  expect(isStatus({ state: 'live' })).toBe(false);
  expect(isStatus(null)).toBe(false);
});

describe('asking', () => {
  const fetched = vi.fn<typeof fetch>();
  beforeEach(() => vi.stubGlobal('fetch', fetched));
  afterEach(() => vi.unstubAllGlobals());

  test.each<[string, () => Promise<Response>, unknown]>([
    ['a status', async () => Response.json(live), { status: live }],
    [
      'a status of a stream without WebRTC',
      async () => Response.json({ ...live, webrtc: false }),
      { status: { ...live, webrtc: false } },
    ],
    ['404', async () => new Response('', { status: 404 }), 'gone'],
    ['410', async () => new Response('', { status: 410 }), 'gone'],
    ['500', async () => new Response('', { status: 500 }), 'missed'],
    ['nonsense', async () => new Response('<html>'), 'missed'],
    ['no answer', () => Promise.reject(new TypeError('refused')), 'missed'],
  ])('%s', async (_name, answer, expected) => {
    fetched.mockImplementation(answer);
    expect(await ask('/k')).toEqual(expected);
    expect(fetched).toHaveBeenLastCalledWith('/k/status.json', { cache: 'no-store' });
  });
});

describe('what is seen', () => {
  const known: Sight = { is: 'known', status: live };
  test('one or two lost answers are not worth a word', () => {
    expect(next(known, 'missed', 1)).toBe(known);
    expect(next(known, 'missed', 2)).toBe(known);
  });
  test('three are, and the stream stays on screen', () => {
    expect(next(known, 'missed', 3)).toEqual({ is: 'offline', last: live });
    expect(next({ is: 'offline', last: live }, 'missed', 4)).toEqual({ is: 'offline', last: live });
    expect(next({ is: 'loading' }, 'missed', 3)).toEqual({ is: 'offline', last: null });
  });
  test('an answer ends it', () => {
    expect(next({ is: 'offline', last: null }, { status: live }, 0)).toEqual(known);
    expect(next(known, 'gone', 0)).toEqual({ is: 'gone' });
  });
});
