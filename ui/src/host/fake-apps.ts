// Plausible apps in every state, their messages, and how the scripted console answers the commands about them.
import { HostError } from './errors';
import { session, urls } from './fake-data';
import { destination } from './fake-destinations';
import { glasses, hub, streaming, virtualHub } from './fake-glasses';
import type { AppView, Change, FrameView, Snapshot } from './generated';
import type { ArgsOf, ResultOf } from './host';

/** An API key given to the scripted console, so that a leak of it is found by searching for it. */
export const FAKE_API_KEY = 'planted-api-key-7h3m';

export function app(over: Partial<AppView> = {}): AppView {
  return {
    name: 'Camera Demo',
    packageName: 'com.example.camera',
    url: 'http://127.0.0.1:7010',
    hasApiKey: true,
    permissions: ['CAMERA'],
    state: 'stopped',
    message: null,
    connectedSinceMs: null,
    address: null,
    sdkVersion: null,
    subscriptions: [],
    lanAllowed: false,
    asksFrom: null,
    part: null,
    ...over,
  };
}

const connected = (nowMs: number, minutes: number): Partial<AppView> => ({
  state: 'connected',
  connectedSinceMs: nowMs - minutes * 60_000,
  address: '127.0.0.1',
  sdkVersion: '2.1.29',
  subscriptions: ['managed_stream_status', 'glasses_battery_update'],
});

/** Two in a running stream, one of them away. */
export function inStream(nowMs: number): AppView[] {
  return [
    app({ ...connected(nowMs, 11), part: 'started' }),
    app({
      name: 'Second App',
      packageName: 'com.example.second',
      url: 'http://127.0.0.1:7020',
      hasApiKey: false,
      state: 'away',
      message: {
        tone: 'warning',
        text: 'The connection is lost.',
        nextStep: 'It is waited for and asked again by itself.',
      },
      part: 'joined',
    }),
  ];
}

/** One in each state, and one that asks. */
export function everyApp(nowMs: number): AppView[] {
  return [
    ...inStream(nowMs),
    app({
      name: 'Captions for a Very Long Stage Name',
      packageName: 'org.example.captions.for.a.long.package.name',
      url: 'http://127.0.0.1:7030',
      permissions: ['CAMERA', 'MICROPHONE'],
      state: 'starting',
      message: { tone: 'info', text: 'Asked to connect.', nextStep: null },
    }),
    app({
      name: 'Doorbell',
      packageName: 'com.example.doorbell',
      url: 'http://127.0.0.1:7040',
      permissions: [],
      state: 'failed',
      message: {
        tone: 'error',
        text: 'Nothing listens at http://127.0.0.1:7040.',
        nextStep: 'Start the app, then press Start here.',
      },
    }),
    app({
      name: 'Laptop App',
      packageName: 'com.example.laptop',
      url: 'http://192.168.1.20:7010',
      asksFrom: '192.168.1.20',
    }),
    app({
      name: 'Photo Walk',
      packageName: 'com.example.walk',
      url: 'http://127.0.0.1:7050',
      permissions: [],
    }),
  ];
}

/** A destination that an app named. */
export const named = () =>
  destination({
    id: 'de-app',
    name: 'Club server',
    preset: 'custom',
    url: 'rtmp://media.club.example/live',
    enabled: true,
    state: 'broadcasting',
    bitrateBps: 2_100_000,
    rttMs: 18,
    addedBy: 'Camera Demo',
  });

const said = (direction: FrameView['direction'], atMs: number, message: object) => ({
  direction,
  atMs,
  text: JSON.stringify(message),
});

/** What passes when an app connects and starts a stream. */
export function frames(nowMs: number, packageName = 'com.example.camera'): FrameView[] {
  const sessionId = `you@console-${packageName}`;
  const at = (before: number) => nowMs - before;
  const timestamp = '2026-11-22T16:09:26.583Z';
  const play = urls();
  return [
    said('webhook', at(9200), { type: 'session_request', sessionId, userId: 'you@console', timestamp }),
    said('received', at(9100), {
      type: 'tpa_connection_init',
      sessionId,
      packageName,
      apiKey: '***',
      timestamp,
    }),
    said('sent', at(9098), {
      type: 'tpa_connection_ack',
      sessionId,
      settings: [],
      capabilities: { modelName: 'Mentra Live', hasCamera: true },
      timestamp,
    }),
    said('received', at(9000), {
      type: 'subscription_update',
      packageName,
      subscriptions: ['managed_stream_status'],
      sessionId,
    }),
    said('received', at(8900), { type: 'managed_stream_request', packageName, sessionId, quality: '720p' }),
    said('sent', at(8890), {
      type: 'managed_stream_status',
      status: 'initializing',
      streamId: 'mk3v9q2m7x1',
    }),
    said('sent', at(6400), {
      type: 'managed_stream_status',
      status: 'active',
      streamId: 'mk3v9q2m7x1',
      hlsUrl: play.hls,
      dashUrl: play.dash,
      previewUrl: play.preview,
    }),
  ].map((frame, index) => ({ seq: 40 + index, ...frame }));
}

type AppCommand =
  | 'start_unmanaged'
  | 'hold_stream'
  | 'add_app'
  | 'update_app'
  | 'remove_app'
  | 'start_app'
  | 'stop_app'
  | 'allow_app'
  | 'frames'
  | 'set_virtual_glasses'
  | 'new_glasses_token';

type Answers = {
  [C in AppCommand]: (...args: ArgsOf<C>) => ResultOf<C> | Promise<ResultOf<C>>;
};

/** How long a scripted app takes to connect, milliseconds. */
export const FAKE_CONNECT_MS = 400;

export function appAnswers(known: () => Snapshot, tell: (change: Change) => void): Answers {
  const logs = new Map<string, FrameView[]>();
  const set = (apps: AppView[]) =>
    tell({ kind: 'apps', apps: apps.sort((a, b) => a.name.localeCompare(b.name)) });
  const one = (packageName: string): AppView => {
    const found = known().apps.find((each) => each.packageName === packageName);
    if (found !== undefined) return found;
    const message = `No app is registered as ${packageName}.`;
    throw new HostError({ code: 'not_found', message, nextStep: 'Add it on the Apps page first.' });
  };
  const change = (packageName: string, over: Partial<AppView>) => {
    one(packageName);
    set(known().apps.map((each) => (each.packageName === packageName ? { ...each, ...over } : each)));
  };
  const connect = (packageName: string) => {
    const asked = { tone: 'info' as const, text: 'Asked to connect.', nextStep: null };
    change(packageName, { state: 'starting', message: asked, asksFrom: null });
    setTimeout(() => {
      const now = known().apps.find((each) => each.packageName === packageName);
      if (now?.state !== 'starting') return;
      change(packageName, { ...connected(Date.now(), 0), message: null });
      logs.set(packageName, frames(Date.now(), packageName).slice(0, 4));
    }, FAKE_CONNECT_MS);
  };

  return {
    start_unmanaged: ({ url }) => {
      const streamId = `st-${Date.now()}`;
      const target = url.replace(/\/[^/]*$/, '/***');
      tell({
        kind: 'session',
        session: session({
          streamId,
          delivery: 'unmanaged',
          target,
          cameraLink: 'hub',
          state: 'active',
          phase: 'live',
          startedAtMs: Date.now(),
          liveSinceMs: Date.now(),
          heldByUser: true,
        }),
      });
      return { streamId, joined: false };
    },
    hold_stream: ({ hold }) => (
      tell({ kind: 'session', session: { ...known().session, heldByUser: hold } }),
      null
    ),
    add_app: ({ name, packageName, url, apiKey, permissions }) => {
      if (known().apps.some((each) => each.packageName === packageName)) {
        throw new HostError({
          code: 'invalid_request',
          message: `${packageName} is registered already.`,
          nextStep: 'Change it in the list, or give this one another package name.',
        });
      }
      const hasApiKey = (apiKey ?? '') !== '';
      const fresh = app({ packageName, url, hasApiKey, permissions: permissions ?? [] });
      set([...known().apps, { ...fresh, name: name ?? packageName }]);
      return null;
    },
    update_app: ({ name, packageName, url, apiKey, permissions }) => (
      change(packageName, {
        name: name ?? packageName,
        url,
        hasApiKey: apiKey === undefined ? one(packageName).hasApiKey : apiKey !== '',
        permissions: permissions ?? [],
      }),
      null
    ),
    remove_app: ({ packageName }) => (
      set(known().apps.filter((each) => each.packageName !== packageName)),
      null
    ),
    start_app: ({ packageName }) => (connect(packageName), null),
    stop_app: ({ packageName }) => {
      const gone = { connectedSinceMs: null, address: null, sdkVersion: null, subscriptions: [], part: null };
      change(packageName, { ...gone, state: 'stopped', message: null });
      const { session } = known();
      const apps = session.apps.filter((each) => each.packageName !== packageName);
      if (apps.length < session.apps.length) tell({ kind: 'session', session: { ...session, apps } });
      return null;
    },
    allow_app: ({ packageName, allow }) => {
      const asked = one(packageName).asksFrom !== null;
      change(packageName, { lanAllowed: allow, asksFrom: null });
      if (asked && allow) connect(packageName);
      return null;
    },
    frames: ({ packageName, after }) => {
      const name = packageName ?? '';
      const first = known().apps.find((each) => each.packageName === name)?.state === 'connected';
      if (!logs.has(name) && first) logs.set(name, frames(Date.now(), name));
      return { frames: (logs.get(name) ?? []).filter((frame) => frame.seq > (after ?? 0)) };
    },
    set_virtual_glasses: ({ glasses: switches }) => {
      tell({ kind: 'hub', hub: { ...(switches === undefined ? hub() : virtualHub(switches)) } });
      return null;
    },
    new_glasses_token: () => {
      const { hub: now } = known();
      tell({
        kind: 'hub',
        hub: { ...now, glassesUrl: now.glassesUrl.replace(/token=.*/, 'token=renewed-1') },
      });
      return null;
    },
  };
}

/** A managed stream of the glasses, started by one app and joined by another. */
export const heldByApps = (nowMs: number) => ({
  apps: inStream(nowMs),
  hub: hub({ glasses: glasses({ ...streaming, batteryPercent: 14 }) }),
  over: {
    cameraLink: 'hub' as const,
    startedBy: 'com.example.camera',
    apps: [
      { packageName: 'com.example.camera', name: 'Camera Demo', part: 'started' as const, away: false },
      { packageName: 'com.example.second', name: 'Second App', part: 'joined' as const, away: true },
    ],
    limitAtMs: nowMs + 272_000,
  },
});
