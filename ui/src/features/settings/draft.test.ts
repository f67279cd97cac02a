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
  [{ graceS: '1801' }, ['graceS']],
  [{ graceS: 'a minute', rtmpPort: 'x' }, ['graceS', 'rtmpPort']],
])('%j is refused with words', (over, fields) => {
  const result = read(draft(over), 'dark');
  expect('problems' in result && Object.keys(result.problems).sort()).toEqual(fields);
});

test.each<Partial<Draft>>([
  { rtmpPort: '0', httpPort: '0', hubPort: '0' },
  { graceS: '0' },
  { graceS: '1800' },
  { rtmpPort: ' 1936 ' },
])('%j is taken', (over) => {
  expect(read(draft(over), 'dark')).toHaveProperty('settings');
});
