import { expect, test } from 'vitest';
import { Idle, IDLE_MS, type Kept } from './idle.svelte';

const nothing: Kept = { paused: false, details: false, words: false, keyboard: false };
const faded = () => {
  const idle = new Idle(0);
  idle.look(nothing, IDLE_MS);
  expect(idle.is).toBe(true);
  return idle;
};

test('the furniture fades when nobody did anything for a while', () => {
  const idle = new Idle(1000);
  idle.look(nothing, 999 + IDLE_MS);
  expect(idle.is).toBe(false);
  idle.look(nothing, 1000 + IDLE_MS);
  expect(idle.is).toBe(true);
  idle.sign(9000);
  expect(idle.is).toBe(false);
});

test.each(['paused', 'details', 'words', 'keyboard'] as const)(
  '%s brings it back, keeps it, and leaves it there for a while',
  (what) => {
    const idle = faded();
    idle.look({ ...nothing, [what]: true }, 60_000);
    expect(idle.is).toBe(false);
    idle.look(nothing, 59_999 + IDLE_MS);
    expect(idle.is).toBe(false);
    idle.look(nothing, 60_000 + IDLE_MS);
    expect(idle.is).toBe(true);
  },
);

test('a pointer that lies still is no sign of anybody', () => {
  const idle = new Idle(0);
  idle.pointer({ screenX: 5, screenY: 5 }, 0);
  idle.look(nothing, IDLE_MS);
  idle.pointer({ screenX: 5, screenY: 5 }, IDLE_MS + 1);
  expect(idle.is).toBe(true);
  idle.pointer({ screenX: 6, screenY: 5 }, IDLE_MS + 2);
  expect(idle.is).toBe(false);
});

test('a finger on the faded furniture only brings it back, once', () => {
  const idle = faded();
  idle.press(true, 5000);
  // The press moves the focus before it becomes a click.
  idle.sign(5001);
  expect([idle.is, idle.swallows(), idle.swallows()]).toEqual([false, true, false]);
  idle.press(true, 5100);
  expect(idle.swallows()).toBe(false);
});

test('a mouse presses what it is on, and a key after a finger does what it says', () => {
  const mouse = faded();
  mouse.press(false, 5000);
  expect(mouse.swallows()).toBe(false);
  const finger = faded();
  finger.press(true, 5000);
  finger.key(5100);
  expect(finger.swallows()).toBe(false);
});
