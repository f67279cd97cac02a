// Which way the player plays, as a pure state machine: what happened and when goes in, what is to be on screen comes out.
//
// At most two screens exist: `shown`, which people see, and `next`, which is being started unseen behind it so that the
// old picture stays until the new one is there. A screen is an attempt of one way and has an id of its own.
//
// | what happens                                   | shown has no picture yet     | shown plays                              |
// | ---------------------------------------------- | ---------------------------- | ---------------------------------------- |
// | nothing for FIRST_PICTURE_MS                   | rests; the next lower way    | -                                        |
// | no motion for STILL_MS                         | -                            | rests; the next lower way behind it      |
// | failed                                         | rests; the next lower way    | rests; the next lower way behind it      |
// | refused with words                             | left out; the next lower way | left out; the next lower way behind it   |
// | no lower way                                   | a better one that is rested, else itself once it is rested              |
// | a better way is rested, this one is steady     | -                            | the better one behind it                 |
// | next moves and is fresh                        | -                            | next is shown                            |
// | next gives no picture in time, fails, refused  | -                            | rests or is left out; shown stays        |
// | shown moves again while a lower one is started | -                            | the lower one is dropped                 |
// | media known to be missing (`held`)             | stays, whatever it says      | stays; next is dropped                   |
// | media is back, or the stream's form changed    | all is forgiven; the best one is tried at once                          |
// | paused, or the page is hidden                  | stays; the clocks stand      | stays; next is dropped                   |
// | another wish                                   | that way                     | that way behind it                       |

export type Way = 'webrtc' | 'socket' | 'll-hls' | 'hls' | 'native';

/** What the viewer wants: the best way there is, or one of them. */
export type Wish = 'auto' | Way;

/** Best (nearest to the camera) first. */
export const WAYS: readonly Way[] = ['webrtc', 'socket', 'll-hls', 'hls', 'native'];

/** How long a way may take to its first picture. The last ways have nobody to hand over to, and heal themselves. */
export const FIRST_PICTURE_MS: Record<Way, number> = {
  webrtc: 3000,
  socket: 3000,
  // A stream that has only just begun lists nothing to play for some seconds.
  'll-hls': 10_000,
  hls: Infinity,
  native: Infinity,
};

/** How long a picture may stand still while media is expected. */
export const STILL_MS: Record<Way, number> = {
  webrtc: 2000,
  socket: 2000,
  // Jumps to the live edge by itself after 4 s, which mostly cures it.
  'll-hls': 6000,
  hls: Infinity,
  native: Infinity,
};

/**
 * Not farther behind than this, in seconds, a way replaces a picture that stands still. When the camera itself is gone,
 * other ways have only old pictures to offer, and until that is known they must not be changed to.
 */
export const FRESH_S: Record<Way, number> = {
  webrtc: 1.5,
  socket: 1.5,
  'll-hls': 6,
  hls: Infinity,
  native: Infinity,
};

/** Rest of a way after its first, second, third failure and so on. */
export const REST_MS: readonly number[] = [10_000, 30_000, 60_000, 120_000, 300_000];
/** A way that played this long has no failures. */
export const WELL_MS = 60_000;
/** How long a lower way must have played before a better one is tried beside it. */
export const STEADY_MS = 5000;

/** One attempt of one way. */
export interface Screen {
  id: number;
  way: Way;
  /** When it was started. */
  sinceMs: number;
  /** When its first picture was there; null before. */
  pictureAtMs: number | null;
  /** When its picture last moved, or was last known to have a reason not to. */
  movedAtMs: number;
  /** Stands still for too long or failed: to be replaced. */
  bad: boolean;
  /** Gave up; will not move again. */
  failed: boolean;
}

interface Rest {
  failures: number;
  untilMs: number;
}

export interface Ways {
  /** What this view can play and the stream offers, best first. */
  offered: readonly Way[];
  wish: Wish;
  shown: Screen | null;
  next: Screen | null;
  /** Why a way cannot be had for this stream, in words for people. */
  refused: Partial<Record<Way, string>>;
  rests: Partial<Record<Way, Rest>>;
  /** Media is known to be missing. */
  held: boolean;
  /** Playing and visible: motion can be expected. */
  watched: boolean;
  /** The best way is to be tried without waiting for a steady picture. */
  eager: boolean;
  lastId: number;
}

export type WayEvent =
  | { is: 'tick' }
  /** The picture of a screen moved; `behindS` is its distance to the camera, null while unknown. */
  | { is: 'moved'; id: number; behindS: number | null }
  | { is: 'failed'; id: number }
  | { is: 'refused'; id: number; words: string }
  | { is: 'held'; held: boolean }
  | { is: 'watched'; watched: boolean }
  | { is: 'wish'; wish: Wish }
  | { is: 'offered'; ways: readonly Way[] };

/** What this view can do. */
export interface Means {
  webrtc: boolean;
  /** Media Source Extensions with the codecs, and WebSocket. */
  socket: boolean;
  hls: 'hls.js' | 'native' | null;
}

/** Where the stream can be had. */
export interface Addresses {
  hls: string;
  whep: string | null;
  live: string | null;
}

export function waysFor(means: Means, at: Addresses): Way[] {
  const can: Record<Way, boolean> = {
    webrtc: means.webrtc && at.whep !== null,
    socket: means.socket && at.live !== null,
    'll-hls': means.hls === 'hls.js',
    hls: means.hls === 'hls.js',
    native: means.hls === 'native',
  };
  return WAYS.filter((way) => can[way]);
}

/** `http://h/id/index.m3u8?x` to `ws://h/id/live?x`; null for an address of another form. */
export function liveAddress(hls: string, page: string): string | null {
  const at = new URL(hls, page);
  if (!/\/[^/]+\.m3u8$/.test(at.pathname)) return null;
  at.pathname = at.pathname.replace(/[^/]+$/, 'live');
  at.protocol = at.protocol === 'https:' ? 'wss:' : 'ws:';
  return at.href;
}

/** The ways that may be played under the viewer's wish, best first: the one wished for and those below it. */
export function order(state: Pick<Ways, 'offered' | 'wish' | 'refused'>): readonly Way[] {
  const { offered, wish, refused } = state;
  if (wish === 'auto') return offered;
  const below = offered.filter((way) => WAYS.indexOf(way) >= WAYS.indexOf(wish));
  // A wish that cannot be granted at all is better not granted than left with a black picture.
  return below.some((way) => refused[way] === undefined) ? below : offered;
}

export function begin(
  offered: readonly Way[],
  wish: Wish,
  nowMs: number,
  { held = false, watched = true } = {},
): Ways {
  const empty: Ways = {
    offered,
    wish,
    shown: null,
    next: null,
    refused: {},
    rests: {},
    held,
    watched,
    eager: false,
    lastId: 0,
  };
  return advance(empty, nowMs);
}

export function step(state: Ways, event: WayEvent, nowMs: number): Ways {
  return advance(apply(state, event, nowMs), nowMs);
}

function apply(state: Ways, event: WayEvent, nowMs: number): Ways {
  switch (event.is) {
    case 'tick':
      return state;
    case 'moved':
      return moved(state, event.id, event.behindS, nowMs);
    case 'failed':
      if (state.next?.id === event.id) return { ...rested(state, state.next.way, nowMs), next: null };
      if (state.shown?.id !== event.id || state.shown.failed) return state;
      return {
        ...(state.shown.bad ? state : rested(state, state.shown.way, nowMs)),
        shown: { ...state.shown, bad: true, failed: true },
      };
    case 'refused': {
      const screen = [state.shown, state.next].find((one) => one?.id === event.id);
      if (screen === null || screen === undefined) return state;
      const refused = { ...state.refused, [screen.way]: event.words };
      if (screen === state.next) return { ...state, refused, next: null };
      return { ...state, refused, shown: { ...screen, bad: true, failed: true } };
    }
    case 'held':
      if (event.held === state.held) return state;
      if (event.held) return { ...state, held: true, next: null };
      return { ...forgiven(state, nowMs), held: false };
    case 'watched':
      if (event.watched === state.watched) return state;
      return { ...state, watched: event.watched, next: null, shown: patient(state.shown, nowMs) };
    case 'wish':
      return { ...forgiven(state, nowMs), wish: event.wish, next: null };
    case 'offered': {
      const shown = state.shown !== null && event.ways.includes(state.shown.way) ? state.shown : null;
      return { ...forgiven({ ...state, shown }, nowMs), offered: event.ways, next: null };
    }
  }
}

function moved(state: Ways, id: number, behindS: number | null, nowMs: number): Ways {
  const { shown, next } = state;
  if (shown?.id === id && !shown.failed) {
    const pictureAtMs = shown.pictureAtMs ?? nowMs;
    const now = { ...state, shown: { ...shown, pictureAtMs, movedAtMs: nowMs, bad: false } };
    const lower = next !== null && rank(state, next.way) > rank(state, shown.way);
    return lower ? { ...now, next: null } : now;
  }
  if (next?.id === id && (behindS === null || behindS <= FRESH_S[next.way])) {
    return { ...state, shown: { ...next, pictureAtMs: nowMs, movedAtMs: nowMs }, next: null };
  }
  return state;
}

/** Nothing is held against any way, and the clocks start anew. */
function forgiven(state: Ways, nowMs: number): Ways {
  return { ...state, refused: {}, rests: {}, eager: true, shown: patient(state.shown, nowMs) };
}

function patient(shown: Screen | null, nowMs: number): Screen | null {
  if (shown === null || shown.failed) return shown;
  const sinceMs = shown.pictureAtMs === null ? nowMs : shown.sinceMs;
  return { ...shown, sinceMs, movedAtMs: nowMs, bad: false };
}

/** The state after `way` failed once more. */
function rested(state: Ways, way: Way, nowMs: number): Ways {
  const failures = (state.rests[way]?.failures ?? 0) + 1;
  const untilMs = nowMs + (REST_MS[Math.min(failures, REST_MS.length) - 1] ?? 0);
  return { ...state, rests: { ...state.rests, [way]: { failures, untilMs } } };
}

/** Place in the order; ways that are not in it come last. */
function rank(state: Ways, way: Way): number {
  const at = order(state).indexOf(way);
  return at === -1 ? WAYS.length : at;
}

function started(state: Ways, way: Way, nowMs: number): { screen: Screen; lastId: number } {
  const id = state.lastId + 1;
  return {
    lastId: id,
    screen: { id, way, sinceMs: nowMs, pictureAtMs: null, movedAtMs: nowMs, bad: false, failed: false },
  };
}

function show(state: Ways, way: Way, nowMs: number): Ways {
  const { screen, lastId } = started(state, way, nowMs);
  return { ...state, shown: screen, next: null, lastId, eager: false };
}

function prepare(state: Ways, way: Way, nowMs: number): Ways {
  const { screen, lastId } = started(state, way, nowMs);
  return { ...state, next: screen, lastId, eager: false };
}

/** What time brings. */
function advance(before: Ways, nowMs: number): Ways {
  let state = before;
  if (state.shown === null) {
    const first = usable(state, nowMs)[0];
    return first === undefined ? state : show(state, first, nowMs);
  }
  if (state.held || !state.watched) return state;

  if (state.next !== null && nowMs - state.next.sinceMs >= FIRST_PICTURE_MS[state.next.way]) {
    state = { ...rested(state, state.next.way, nowMs), next: null };
  }
  const shown = state.shown;
  if (shown === null) return state;
  const late =
    shown.pictureAtMs === null
      ? nowMs - shown.sinceMs >= FIRST_PICTURE_MS[shown.way]
      : nowMs - shown.movedAtMs >= STILL_MS[shown.way];
  if (late && !shown.bad) {
    state = { ...rested(state, shown.way, nowMs), shown: { ...shown, bad: true } };
  }
  return state.shown?.bad === true ? recover(state, state.shown, nowMs) : improve(state, shown, nowMs);
}

/** Ways that may be started now, best first. */
function usable(state: Ways, nowMs: number): Way[] {
  return order(state).filter(
    (way) => state.refused[way] === undefined && (state.rests[way]?.untilMs ?? 0) <= nowMs,
  );
}

function recover(state: Ways, shown: Screen, nowMs: number): Ways {
  if (state.next !== null) return state;
  const now = usable(state, nowMs);
  const place = rank(state, shown.way);
  const way = state.eager
    ? now[0]
    : (now.find((one) => rank(state, one) > place) ?? now.find((one) => rank(state, one) <= place));
  if (way === undefined) return state;
  return shown.pictureAtMs === null ? show(state, way, nowMs) : prepare(state, way, nowMs);
}

function improve(before: Ways, shown: Screen, nowMs: number): Ways {
  let state = before;
  const playedMs = shown.pictureAtMs === null ? 0 : nowMs - shown.pictureAtMs;
  if (playedMs >= WELL_MS && state.rests[shown.way] !== undefined) {
    state = { ...state, rests: { ...state.rests, [shown.way]: undefined } };
  }
  if (state.next !== null) return state;
  const place = rank(state, shown.way);
  const unwanted = place === WAYS.length;
  // Without a picture there is nothing to keep; a way that was left for it is not taken up again so soon.
  if (!state.eager && !unwanted && playedMs < STEADY_MS && !endless(shown, nowMs)) return state;
  const way = usable(state, nowMs).find((one) => rank(state, one) < place);
  if (way === undefined) return state.eager ? { ...state, eager: false } : state;
  return shown.pictureAtMs === null ? show(state, way, nowMs) : prepare(state, way, nowMs);
}

/** A last way that has no picture for a long time is no reason not to try a better one. */
function endless(shown: Screen, nowMs: number): boolean {
  return shown.pictureAtMs === null && nowMs - shown.sinceMs >= FIRST_PICTURE_MS['ll-hls'];
}
