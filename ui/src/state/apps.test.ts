import { describe, expect, test } from 'vitest';
import { app, inStream } from '../host/fake-apps';
import { session } from '../host/fake-data';
import { glasses, hub } from '../host/fake-glasses';
import type { StreamApp } from '../host/generated';
import {
  anyAsks,
  appChanges,
  claimed,
  glassesChange,
  glassesLine,
  glassesReady,
  isLow,
  listed,
  nameOf,
  noGlasses,
  stopsFor,
  whoHolds,
} from './apps';

const first: StreamApp = {
  packageName: 'com.example.camera',
  name: 'Camera Demo',
  part: 'started',
  away: false,
};
const second: StreamApp = {
  packageName: 'com.example.second',
  name: 'Second App',
  part: 'joined',
  away: true,
};
const third: StreamApp = { ...second, packageName: 'c', name: 'Third', away: false };

describe('who holds a stream', () => {
  test.each([
    [[], null, 'Started here.'],
    [[third], null, 'Started here. Joined: Third.'],
    [[first], 'com.example.camera', 'Started by Camera Demo.'],
    [[{ ...first, away: true }], 'com.example.camera', 'Started by Camera Demo (away).'],
    [
      [first, second, third],
      'com.example.camera',
      'Started by Camera Demo. Joined: Second App (away), Third.',
    ],
    [[third], 'com.example.camera', 'Started by Camera Demo, which has left. Joined: Third.'],
    [[third], 'org.gone', 'Started by org.gone, which has left. Joined: Third.'],
  ])('%#', (apps, startedBy, words) =>
    expect(whoHolds(session({ apps, startedBy }), inStream(0))).toBe(words),
  );

  test('is said of Stop, too', () => {
    expect(stopsFor(session())).toBeNull();
    expect(stopsFor(session({ apps: [first, second] }))).toBe(
      'Stop ends it for Camera Demo and Second App, too.',
    );
    expect(listed(['A', 'B', 'C'])).toBe('A, B and C');
  });
});

describe('glasses', () => {
  test.each([
    [null, false, 'No glasses are connected.'],
    [glasses(), true, null],
    [glasses({ link: 'phone_only' }), false, 'The phone is connected, its glasses are not.'],
    [glasses({ link: 'away' }), false, 'The glasses are away. They may come back by themselves.'],
  ])('%#: can be used or say why not', (worn, ready, why) => {
    expect(glassesReady(hub({ glasses: worn }))).toBe(ready);
    expect(noGlasses(hub({ glasses: worn }))).toBe(why);
  });

  test('are low below 20 %, not while charging, not when nothing is known', () => {
    expect(isLow(glasses({ batteryPercent: 20 }))).toBe(false);
    expect(isLow(glasses({ batteryPercent: 19 }))).toBe(true);
    expect(isLow(glasses({ batteryPercent: 19, charging: null }))).toBe(true);
    expect(isLow(glasses({ batteryPercent: 19, charging: true }))).toBe(false);
    expect(isLow(glasses({ batteryPercent: null }))).toBe(false);
  });

  test('say what they are and what they claim, as far as they told', () => {
    expect(glassesLine(glasses())).toBe('Mentra Live, battery 64 %');
    expect(glassesLine(glasses({ batteryPercent: null }))).toBe('Mentra Live');
    expect(claimed(glasses())).toBeNull();
    expect(claimed(glasses({ claimedBitrateBps: 2_500_000 }))).toBe('2.5 Mb/s');
    expect(claimed(glasses({ claimedBitrateBps: 2_500_000, claimedFps: 30 }))).toBe('2.5 Mb/s, 30 fps');
  });

  test.each([
    [null, glasses(), 'Mentra Live: Connected'],
    [glasses(), glasses({ link: 'away' }), 'Mentra Live: Away'],
    [glasses(), null, ''],
    [glasses(), glasses({ batteryPercent: 63 }), ''],
    [glasses({ batteryPercent: 20 }), glasses({ batteryPercent: 19 }), 'Battery of the glasses low: 19 %'],
    [glasses({ batteryPercent: 19 }), glasses({ batteryPercent: 18 }), ''],
  ])('%#: a change is read out once', (before, now, words) => expect(glassesChange(before, now)).toBe(words));
});

describe('apps', () => {
  test('are read out when their state changes or they ask, not when they are added', () => {
    const one = app();
    expect(appChanges([], [one])).toBe('');
    expect(appChanges([one], [{ ...one, name: 'Other' }])).toBe('');
    expect(appChanges([one], [{ ...one, state: 'connected' }])).toBe('Camera Demo: Connected');
    expect(appChanges([one], [{ ...one, asksFrom: '192.168.1.20' }])).toBe(
      'Camera Demo asks to connect from 192.168.1.20',
    );
    expect(appChanges([{ ...one, asksFrom: 'x' }], [{ ...one, asksFrom: 'x' }])).toBe('');
    expect(anyAsks([one])).toBe(false);
    expect(anyAsks([one, { ...one, asksFrom: 'x' }])).toBe(true);
  });

  test('are named on what they added, by package name or by name', () => {
    expect(nameOf([app()], 'com.example.camera')).toBe('Camera Demo');
    expect(nameOf([app()], 'Camera Demo')).toBe('Camera Demo');
    expect(nameOf([], 'com.gone')).toBe('com.gone');
  });
});
