import { describe, expect, test } from 'vitest';
import { destination, PRESETS } from '../../host/fake-destinations';
import type { PresetView } from '../../host/generated';
import { draftFor, draftOf, problemsOf, splitKey, toAdd, toUpdate, type Draft } from './form';

const preset = (id: string) => PRESETS.find((one) => one.id === id) as PresetView;
const youtube = preset('youtube');
const twitch = preset('twitch');
const custom = preset('custom');
const known = youtube.ingests.map(({ url }) => url);
const PRIMARY = 'rtmps://a.rtmps.youtube.com/live2';

describe('a key in the address field', () => {
  test.each<[string, string[], ReturnType<typeof splitKey>]>([
    [`${PRIMARY}/abcd-efgh`, known, { url: PRIMARY, key: 'abcd-efgh' }],
    [`${PRIMARY}/abcd-efgh/`, known, { url: PRIMARY, key: 'abcd-efgh' }],
    [PRIMARY, known, null],
    [`${PRIMARY}/`, known, null],
    ['abcd-efgh-1234', known, { url: PRIMARY, key: 'abcd-efgh-1234' }],
    ['rtmp://host/app/key', [], { url: 'rtmp://host/app', key: 'key' }],
    [' rtmp://host:1935/app/key ', [], { url: 'rtmp://host:1935/app', key: 'key' }],
    ['rtmps://host/rtmp/FB-1?s_bl=1&a=b', [], { url: 'rtmps://host/rtmp', key: 'FB-1?s_bl=1&a=b' }],
    ['rtmp://host/app//key/', [], { url: 'rtmp://host/app', key: 'key' }],
    ['rtmp://[::1]/a/b/c', [], { url: 'rtmp://[::1]/a/b', key: 'c' }],
    ['rtmp://host/app', [], null],
    ['rtmp://host/app/', [], null],
    ['rtmp://host', [], null],
    ['https://host/a/b', [], null],
    ['rtmp', [], null],
    ['', [], null],
    // The stored address has as many parts as it needs; one part more is a key.
    ['rtmp://host/a/b', ['rtmp://host/a/b'], null],
    ['rtmp://host/a/b/key', ['rtmp://host/a/b'], { url: 'rtmp://host/a/b', key: 'key' }],
  ])('%s beside %j', (text, bases, expected) => {
    expect(splitKey(text, bases)).toEqual(expected);
  });
});

describe('what is wrong', () => {
  const draft = (over: Partial<Draft>): Draft => ({ ...draftFor(youtube), streamKey: 'k', ...over });
  test.each<[Partial<Draft>, PresetView, boolean, string[]]>([
    [{}, youtube, false, []],
    [{ streamKey: '' }, youtube, false, ['streamKey']],
    [{ streamKey: '' }, youtube, true, []],
    [{ streamKey: '' }, custom, false, []],
    [{ url: '' }, custom, false, ['url']],
    [{ url: 'http://host/app' }, custom, false, ['url']],
    [{ url: 'rtmp://' }, custom, false, ['url']],
    [{ url: 'RTMPS://host/app' }, custom, false, []],
    [{ limited: true, limitMinutes: 'soon' }, youtube, false, ['limitMinutes']],
    [{ limited: true, limitMinutes: '0' }, youtube, false, ['limitMinutes']],
    [{ limited: true, limitMinutes: '1441' }, youtube, false, ['limitMinutes']],
    [{ limited: true, limitMinutes: '2,5' }, youtube, false, []],
    [{ limited: false, limitMinutes: 'soon' }, youtube, false, []],
  ])('%j', (over, of, hasKey, fields) => {
    expect(Object.keys(problemsOf(draft(over), of, hasKey))).toEqual(fields);
  });
});

test('a new destination is called as its service unless it is named, and sent without spaces around', () => {
  expect(toAdd({ ...draftFor(youtube), streamKey: ' abc ' }, youtube)).toEqual({
    preset: 'youtube',
    name: 'YouTube',
    url: PRIMARY,
    streamKey: 'abc',
  });
  expect(
    toAdd(
      {
        ...draftFor(twitch),
        name: ' Mine ',
        streamKey: 'k',
        bandwidthTest: true,
        limited: true,
        limitMinutes: '2.5',
      },
      twitch,
    ),
  ).toMatchObject({ name: 'Mine', bandwidthTest: true, holdLimitS: 150 });
});

test('a key that is left empty leaves the stored one', () => {
  const stored = destination({ holdLimitS: 90 });
  const draft = draftOf(stored, youtube);
  expect(draft).toMatchObject({ streamKey: '', limited: true, limitMinutes: '1.5', ownUrl: false });
  expect(toUpdate('de-yt', draft, youtube)).toEqual({
    id: 'de-yt',
    name: 'YouTube',
    url: PRIMARY,
    holdLimitS: 90,
  });
  expect(toUpdate('de-yt', { ...draft, streamKey: 'new', limited: false }, youtube)).toEqual({
    id: 'de-yt',
    name: 'YouTube',
    url: PRIMARY,
    streamKey: 'new',
  });
});

test('an address that is none of the service’s is shown as typed', () => {
  expect(draftOf(destination({ url: 'rtmp://elsewhere/app' }), youtube).ownUrl).toBe(true);
  expect(draftOf(destination({ url: `${PRIMARY}/` }), youtube)).toMatchObject({
    ownUrl: false,
    url: PRIMARY,
  });
  expect(draftFor(custom)).toMatchObject({ ownUrl: true, url: '' });
});
