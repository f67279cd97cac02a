import { expect, test } from 'vitest';
import { SETTINGS } from '../../host/fake-data';
import { draftOf, isSame, read, type Draft } from './draft';

const draft = (over: Partial<Draft> = {}): Draft => ({ ...draftOf(SETTINGS), ...over });

test('what is stored reads back as itself', () => {
  expect(read(draft(), 'dark')).toEqual({ settings: SETTINGS });
  expect(isSame(draft(), SETTINGS)).toBe(true);
  expect(isSame(draft({ graceS: '61' }), SETTINGS)).toBe(false);
});

test.each<[Partial<Draft>, string[]]>([
  [{ rtmpPort: '' }, ['rtmpPort']],
  [{ rtmpPort: '65536' }, ['rtmpPort']],
  [{ httpPort: '80.5' }, ['httpPort']],
  [{ httpPort: '-1' }, ['httpPort']],
  [{ httpPort: '1935' }, ['httpPort']],
  [{ hubPort: 'x' }, ['hubPort']],
  [{ hubPort: '1935' }, ['hubPort']],
  [{ hubPort: '8935' }, ['hubPort']],
  [{ webrtcPort: 'x' }, ['webrtcPort']],
  [{ webrtcPort: '8935' }, ['webrtcPort']],
  [{ webrtcAddresses: 'home.example.org' }, ['webrtcAddresses']],
  [{ webrtcAddresses: '203.0.113.7:8936' }, ['webrtcAddresses']],
  [{ webrtcAddresses: '203.0.113.256' }, ['webrtcAddresses']],
  [{ webrtcAddresses: '1:2:3' }, ['webrtcAddresses']],
  [
    { webrtcAddresses: '10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7 10.0.0.8 10.0.0.9' },
    ['webrtcAddresses'],
  ],
  [{ graceS: '1801' }, ['graceS']],
  [{ graceS: 'a minute', rtmpPort: 'x' }, ['graceS', 'rtmpPort']],
])('%j is refused with words', (over, fields) => {
  const result = read(draft(over), 'dark');
  expect('problems' in result && Object.keys(result.problems).sort()).toEqual(fields);
});

test.each<Partial<Draft>>([
  { rtmpPort: '0', httpPort: '0', hubPort: '0', webrtcPort: '0' },
  { graceS: '0' },
  { graceS: '1800' },
  { rtmpPort: ' 1936 ' },
])('%j is taken', (over) => {
  expect(read(draft(over), 'dark')).toHaveProperty('settings');
});

test('addresses are separated by commas or spaces', () => {
  const result = read(draft({ webrtcAddresses: ' 203.0.113.7,2001:db8::1  ::1 ' }), 'dark');
  expect('settings' in result && result.settings.webrtcAddresses).toEqual([
    '203.0.113.7',
    '2001:db8::1',
    '::1',
  ]);
});
