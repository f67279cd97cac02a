import { describe, expect, test } from 'vitest';
import { doorOf, draftOf, problemsOf, toArgument } from './form';

const KEPT = {
  packageName: 'com.a.b',
  webhookPort: 7010,
  publicUrl: null,
  relayUrl: 'wss://relay.example.com',
  clouds: ['cloud.example.com'],
};

describe('the set-up of the glasses at MentraOS', () => {
  test('asks for a name and a key first', () => {
    const draft = draftOf(null);
    expect(Object.keys(problemsOf(draft, null)).sort()).toEqual(['apiKey', 'packageName']);
    const filled = { ...draft, packageName: ' com.a.b ', apiKey: ' key ' };
    expect(problemsOf(filled, null)).toEqual({});
    expect(toArgument(filled)).toEqual({
      packageName: 'com.a.b',
      apiKey: 'key',
      webhookPort: 7010,
      clouds: [],
    });
  });

  test('keeps secrets on file unless others are typed, and only for the same app', () => {
    const draft = draftOf(KEPT);
    expect(draft.wayIn).toBe('relay');
    expect(problemsOf(draft, KEPT)).toEqual({});
    expect(toArgument(draft)).toEqual({
      packageName: 'com.a.b',
      webhookPort: 7010,
      relayUrl: 'wss://relay.example.com',
      clouds: ['cloud.example.com'],
    });
    expect(problemsOf({ ...draft, packageName: 'com.other.app' }, KEPT).apiKey).toContain('key');
  });

  test('says what an address looks like', () => {
    const draft = { ...draftOf(null), packageName: 'com.a.b', apiKey: 'k' };
    expect(problemsOf({ ...draft, publicUrl: 'tunnel' }, null).publicUrl).toContain('https://');
    expect(problemsOf({ ...draft, publicUrl: 'https://user:pw@tunnel' }, null).publicUrl).toBeDefined();
    const relay = { ...draft, wayIn: 'relay' as const };
    expect(Object.keys(problemsOf(relay, null)).sort()).toEqual(['relayToken', 'relayUrl']);
    expect(problemsOf({ ...draft, webhookPort: '70100' }, null).webhookPort).toContain('65535');
    expect(problemsOf({ ...draft, webhookPort: 'x' }, null).webhookPort).toBeDefined();
  });

  test('a tunnel is pointed at the door, not at its path', () => {
    expect(doorOf('http://127.0.0.1:7010/webhook')).toBe('http://127.0.0.1:7010');
  });
});
