import { describe, expect, test } from 'vitest';
import {
  begin,
  FIRST_PICTURE_MS,
  liveAddress,
  order,
  REST_MS,
  STEADY_MS,
  step,
  STILL_MS,
  waysFor,
  WELL_MS,
  type Way,
  type WayEvent,
  type Ways,
  type Wish,
} from './ways';

const ALL: readonly Way[] = ['webrtc', 'socket', 'll-hls', 'hls'];
const TICK_MS = 250;

/** A player on a clock of its own. */
class Run {
  nowMs = 0;
  state: Ways;
  /** Ways whose picture moves when they are started; others never show one. */
  plays = new Set<Way>(ALL);
  behindS: number | null = 0.5;

  constructor(offered: readonly Way[] = ALL, wish: Wish = 'auto', held = false) {
    this.state = begin(offered, wish, 0, { held });
  }

  tell(event: WayEvent) {
    this.state = step(this.state, event, this.nowMs);
  }

  /** Lets time pass; what plays moves. */
  pass(ms: number) {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs;) {
      this.nowMs += TICK_MS;
      for (const screen of [this.state.shown, this.state.next]) {
        if (screen !== null && this.plays.has(screen.way)) {
          this.tell({ is: 'moved', id: screen.id, behindS: this.behindS });
        }
      }
      this.tell({ is: 'tick' });
    }
  }

  /** Time until `way` is on screen with a picture. */
  until(way: Way, atMostMs = 600_000): number {
    const fromMs = this.nowMs;
    while (this.shown !== way || this.state.shown?.pictureAtMs === null) {
      if (this.nowMs - fromMs > atMostMs) throw new Error(`${way} is not shown; ${this.shown} is`);
      this.pass(TICK_MS);
    }
    return this.nowMs - fromMs;
  }

  get shown() {
    return this.state.shown?.way ?? null;
  }
  get next() {
    return this.state.next?.way ?? null;
  }
  get id() {
    return this.state.shown?.id ?? -1;
  }
}

describe('what a view can play of what is offered', () => {
  const at = { hls: 'h', whep: 'w', live: 'l' };
  test.each([
    ['everything', { webrtc: true, socket: true, hls: 'hls.js' }, at, ALL],
    ['WebKitGTK', { webrtc: false, socket: true, hls: 'hls.js' }, at, ['socket', 'll-hls', 'hls']],
    ['an old phone', { webrtc: true, socket: false, hls: 'native' }, at, ['webrtc', 'native']],
    ['no WHEP', { webrtc: true, socket: true, hls: 'hls.js' }, { ...at, whep: null }, ALL.slice(1)],
    ['nothing', { webrtc: false, socket: false, hls: null }, at, []],
  ] as const)('%s', (_name, means, addresses, expected) => {
    expect(waysFor(means, addresses)).toEqual(expected);
  });

  test('the live socket lies beside the playlist', () => {
    expect(liveAddress('/k/index.m3u8', 'https://h:1/k/watch')).toBe('wss://h:1/k/live');
    expect(liveAddress('http://127.0.0.1:8935/k/index.m3u8?viewer=preview', 'tauri://localhost/')).toBe(
      'ws://127.0.0.1:8935/k/live?viewer=preview',
    );
    expect(liveAddress('http://h/other', 'http://h/')).toBeNull();
  });
});

describe('the order', () => {
  test.each<[Wish, Partial<Ways['refused']>, readonly Way[]]>([
    ['auto', {}, ALL],
    ['socket', {}, ['socket', 'll-hls', 'hls']],
    ['hls', {}, ['hls']],
    ['native', {}, ALL],
    ['hls', { hls: 'no' }, ALL],
    ['webrtc', { webrtc: 'no' }, ALL],
  ])('wish %s, refused %j', (wish, refused, expected) => {
    expect(order({ offered: ALL, wish, refused })).toEqual(expected);
  });
});

test('the best way is begun with and kept while it plays', () => {
  const run = new Run();
  expect(run.shown).toBe('webrtc');
  run.pass(120_000);
  expect([run.shown, run.next, run.id]).toEqual(['webrtc', null, 1]);
});

test('without a picture in time each way hands over to the next; the last waits as long as it takes', () => {
  const run = new Run();
  run.plays.clear();
  const seen: (Way | null)[] = [];
  for (const way of ALL.slice(0, 3)) {
    seen.push(run.shown);
    run.pass(FIRST_PICTURE_MS[way]);
  }
  expect([...seen, run.shown]).toEqual(ALL);
});

test('a picture that stands still stays until the lower way has a fresh one: within 3 s', () => {
  const run = new Run();
  run.pass(20_000);
  run.plays.delete('webrtc');
  run.plays.delete('socket');
  run.pass(STILL_MS.webrtc - TICK_MS);
  expect(run.next).toBeNull();
  run.pass(TICK_MS);
  expect([run.shown, run.next]).toEqual(['webrtc', 'socket']);
  run.plays.add('socket');
  expect(run.until('socket')).toBeLessThanOrEqual(500);
  expect(run.next).toBeNull();
});

test('old pictures do not replace one that stands still: the camera itself may be gone', () => {
  const run = new Run();
  run.pass(20_000);
  run.plays.delete('webrtc');
  run.behindS = 5;
  run.pass(STILL_MS.webrtc + 2000);
  expect([run.shown, run.next]).toEqual(['webrtc', 'socket']);
  run.tell({ is: 'held', held: true });
  run.pass(60_000);
  expect([run.shown, run.next]).toEqual(['webrtc', null]);
});

test('a picture that moves again while a lower one is made ready keeps its place', () => {
  const run = new Run();
  run.pass(20_000);
  const { id } = run;
  run.plays.clear();
  run.pass(STILL_MS.webrtc + 500);
  expect(run.next).toBe('socket');
  run.plays.add('webrtc');
  run.pass(TICK_MS);
  expect([run.shown, run.next, run.id]).toEqual(['webrtc', null, id]);
});

test('what failed is replaced at once, behind its last picture', () => {
  const run = new Run();
  run.pass(1000);
  run.tell({ is: 'failed', id: run.id });
  expect([run.shown, run.next]).toEqual(['webrtc', 'socket']);
  run.tell({ is: 'failed', id: run.id });
  run.tell({ is: 'moved', id: run.id, behindS: 0.2 });
  expect(run.next).toBe('socket');
});

test('what fails before its first picture is replaced at once', () => {
  const run = new Run();
  run.tell({ is: 'failed', id: run.id });
  expect([run.shown, run.next]).toEqual(['socket', null]);
});

test('what is refused is not asked for again while the stream stays as it is', () => {
  const run = new Run();
  run.tell({ is: 'refused', id: run.id, words: 'WebRTC is off for this stream.' });
  expect(run.shown).toBe('socket');
  run.pass(3_600_000);
  expect([run.shown, run.state.lastId]).toEqual(['socket', 2]);
  expect(run.state.refused.webrtc).toBe('WebRTC is off for this stream.');
});

test('a better way is tried again after growing rests, behind the picture that plays', () => {
  const run = new Run();
  run.plays.delete('webrtc');
  run.until('socket');
  const tries: number[] = [];
  let before: Way | null = null;
  while (tries.length < 4) {
    run.pass(TICK_MS);
    if (run.next === 'webrtc' && before === null) tries.push(run.nowMs);
    before = run.next;
    expect(run.shown).toBe('socket');
  }
  const failedMs = [FIRST_PICTURE_MS.webrtc, ...tries.map((at) => at + FIRST_PICTURE_MS.webrtc)];
  expect(tries.map((at, n) => at - (failedMs[n] ?? 0))).toEqual(REST_MS.slice(0, 4));
  run.plays.add('webrtc');
  run.until('webrtc');
  expect(run.next).toBeNull();
});

test('the rest is short again for a way that played well', () => {
  const run = new Run();
  run.plays.delete('webrtc');
  run.until('socket');
  run.plays.add('webrtc');
  run.until('webrtc');
  expect(run.state.rests.webrtc?.failures).toBe(1);
  run.pass(WELL_MS + TICK_MS);
  expect(run.state.rests.webrtc).toBeUndefined();
});

test('a lower way must be steady before a better one is tried beside it', () => {
  const run = new Run(['webrtc', 'hls']);
  run.plays.clear();
  run.pass(FIRST_PICTURE_MS.webrtc + 6500);
  run.plays.add('hls');
  run.pass(TICK_MS);
  const shownMs = run.nowMs;
  while (run.next === null) run.pass(TICK_MS);
  expect(run.nowMs - shownMs).toBeGreaterThanOrEqual(STEADY_MS);
});

test('while media is missing nothing changes, however long', () => {
  const run = new Run();
  run.pass(5000);
  run.plays.clear();
  run.tell({ is: 'held', held: true });
  run.pass(600_000);
  expect([run.shown, run.next, run.id]).toEqual(['webrtc', null, 1]);
  run.tell({ is: 'held', held: false });
  run.pass(STILL_MS.webrtc - TICK_MS);
  expect(run.next).toBeNull();
});

test('when media is back the best way is tried at once and nothing is held against it', () => {
  const run = new Run();
  run.tell({ is: 'refused', id: run.id, words: 'no' });
  run.pass(1000);
  run.tell({ is: 'held', held: true });
  run.tell({ is: 'held', held: false });
  expect([run.shown, run.next]).toEqual(['socket', 'webrtc']);
  expect(run.state.refused).toEqual({});
});

test('what failed during the interruption is itself begun anew after it', () => {
  const run = new Run();
  run.pass(5000);
  run.tell({ is: 'held', held: true });
  run.tell({ is: 'failed', id: run.id });
  expect(run.next).toBeNull();
  run.tell({ is: 'held', held: false });
  expect([run.shown, run.next]).toEqual(['webrtc', 'webrtc']);
});

test('begun during an interruption, it waits with the best way', () => {
  const run = new Run(ALL, 'auto', true);
  run.plays.clear();
  run.pass(60_000);
  expect([run.shown, run.id]).toEqual(['webrtc', 1]);
});

test('nobody looks: no motion is expected, and nothing is tried', () => {
  const run = new Run();
  run.plays.delete('webrtc');
  run.until('socket');
  run.plays.clear();
  run.tell({ is: 'watched', watched: false });
  run.pass(3_600_000);
  expect([run.shown, run.next]).toEqual(['socket', null]);
  run.tell({ is: 'watched', watched: true });
  run.pass(STILL_MS.socket - TICK_MS);
  expect(run.shown).toBe('socket');
  expect(run.state.shown?.bad).toBe(false);
});

describe('the viewer’s wish', () => {
  test('changes over when the wished way has a picture, and is not improved upon', () => {
    const run = new Run();
    run.pass(5000);
    run.plays.delete('hls');
    run.tell({ is: 'wish', wish: 'hls' });
    run.pass(20_000);
    expect([run.shown, run.next]).toEqual(['webrtc', 'hls']);
    run.plays.add('hls');
    run.pass(TICK_MS);
    run.pass(600_000);
    expect([run.shown, run.next]).toEqual(['hls', null]);
    run.tell({ is: 'wish', wish: 'auto' });
    expect(run.next).toBe('webrtc');
  });

  test('falls to lower ways, never to higher ones', () => {
    const run = new Run(ALL, 'socket');
    run.plays.delete('socket');
    run.until('ll-hls');
    run.plays.delete('ll-hls');
    run.until('hls');
  });

  test('for what this stream does not have is not granted', () => {
    const run = new Run(['socket', 'll-hls', 'hls'], 'webrtc');
    expect(run.shown).toBe('socket');
  });

  test('asks again for what was refused', () => {
    const run = new Run();
    run.tell({ is: 'refused', id: run.id, words: 'no' });
    run.pass(5000);
    run.tell({ is: 'wish', wish: 'webrtc' });
    expect(run.next).toBe('webrtc');
    run.tell({ is: 'refused', id: run.state.next?.id ?? -1, words: 'still no' });
    expect([run.shown, run.next]).toEqual(['socket', null]);
  });
});

describe('another offer', () => {
  test('keeps what is still offered and tries what is better', () => {
    const run = new Run(['socket', 'hls']);
    run.pass(5000);
    run.tell({ is: 'offered', ways: ALL });
    expect([run.shown, run.next]).toEqual(['socket', 'webrtc']);
  });
  test('replaces what is no longer offered', () => {
    const run = new Run();
    run.pass(5000);
    run.tell({ is: 'offered', ways: ['socket', 'hls'] });
    expect([run.shown, run.next]).toEqual(['socket', null]);
  });
});

describe('one way only', () => {
  test('is begun anew after its rest', () => {
    const run = new Run(['webrtc']);
    run.tell({ is: 'failed', id: run.id });
    expect([run.shown, run.id]).toEqual(['webrtc', 1]);
    run.pass(REST_MS[0] ?? 0);
    expect([run.shown, run.id]).toEqual(['webrtc', 2]);
  });
  test('none: nothing is shown', () => {
    expect(new Run([]).state.shown).toBeNull();
  });
});

test('what ended attempts still say is not heard', () => {
  const run = new Run();
  run.tell({ is: 'failed', id: run.id });
  const { state } = run;
  for (const is of ['failed', 'moved', 'refused'] as const) {
    run.tell({ is, id: 1, behindS: null, words: 'late' });
    expect(run.state).toEqual(state);
  }
});
