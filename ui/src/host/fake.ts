// A scripted console for tests and design work: `npm run dev`, then `/?fake=live`. Scenes are listed in `SCENES`.
import { HostError } from './errors';
import { appAnswers, everyApp, heldByApps, inStream, named } from './fake-apps';
import { cloud, cloudAnswers, cloudChoice, cloudReady, cloudUrls } from './fake-cloud';
import { destinationAnswers } from './fake-commands';
import * as data from './fake-data';
import { everyState, marksOf, resting, threeOn } from './fake-destinations';
import { glasses, glassesMarks, hub, streaming, virtualHub } from './fake-glasses';
import type { Change, DestinationView, Event, Mark, SessionView, Snapshot, StreamSummary } from './generated';
import type { ArgsOf, CommandName, Host, Listener, ResultOf } from './host';

type Scene = (nowMs: number) => Partial<Snapshot>;

const minutesAgo = (nowMs: number, minutes: number) => nowMs - minutes * 60_000;

function live(nowMs: number, over: Partial<SessionView> = {}): Partial<Snapshot> {
  const start = minutesAgo(nowMs, 9);
  const gapStart = minutesAgo(nowMs, 4);
  const gapEnd = gapStart + 14_000;
  return {
    session: data.session({
      state: 'active',
      phase: 'live',
      streamId: 'st-06',
      cameraLink: 'demo',
      startedAtMs: start - 2000,
      liveSinceMs: start,
      urls: data.urls(),
      viewers: 18,
      ...over,
    }),
    ingest: data.ingest({
      publisher: { address: 'demo camera', encoder: '', sinceMs: start - 1500 },
    }),
    signal: data.signal(),
    samples: data.samples(start, nowMs, [gapStart, gapEnd]),
    marks: [
      data.mark(start - 2000, 'awaiting_camera', 'Started. The demo camera was asked to start.'),
      data.mark(start - 1500, 'awaiting_media', 'The camera runs. Waiting for the first playable picture.'),
      data.mark(start, 'live', 'Playable.'),
      data.mark(gapStart, 'interrupted', 'No media arrives. Addresses are held for 60 s.'),
      data.mark(gapEnd, 'live', 'Media arrives again.'),
    ],
  };
}

/** A live stream sent to `destinations`. */
function fanOut(nowMs: number, destinations: DestinationView[]): Partial<Snapshot> {
  const start = minutesAgo(nowMs, 9);
  const gapStart = minutesAgo(nowMs, 4);
  return {
    ...live(nowMs),
    destinations,
    destinationMarks: marksOf(destinations, start, [gapStart, gapStart + 14_000]),
  };
}

/** A live stream of the glasses, held by two apps, one destination named by one of them. */
function onGlasses(nowMs: number): Partial<Snapshot> {
  const { apps, hub, over } = heldByApps(nowMs);
  const start = minutesAgo(nowMs, 9);
  const gapStart = minutesAgo(nowMs, 4);
  const [youtube] = threeOn(nowMs);
  const destinations = [...(youtube === undefined ? [] : [youtube]), named()];
  return {
    ...live(nowMs, over),
    ingest: data.ingest({ publisher: { address: '192.168.1.34:40122', encoder: '', sinceMs: start } }),
    apps,
    hub,
    glassesMarks: glassesMarks(start, [gapStart, gapStart + 14_000]),
    destinations,
    destinationMarks: marksOf(destinations, start, [gapStart, gapStart + 14_000]),
  };
}

const encoder = (nowMs: number, minutes: number) => ({
  address: '127.0.0.1:51234',
  encoder: 'FMLE/3.0 (compatible; FMSc/1.0)',
  sinceMs: minutesAgo(nowMs, minutes),
});

const started = (nowMs: number, over: Partial<SessionView>): SessionView =>
  data.session({
    streamId: 'st-06',
    cameraLink: 'manual',
    state: 'initializing',
    startedAtMs: nowMs - 12_000,
    ...over,
  });

const withCloud = () => ({ chosen: { ...data.SETTINGS, cloud: cloudChoice() }, restartNeeded: false });

export const SCENES: Record<string, Scene> = {
  'first-run': () => ({}),
  idle: () => ({}),
  loading: () => ({}),
  'held-off': (now) => ({
    session: started(now, { state: 'stopped', phase: 'ended', endedAtMs: now - 4000 }),
    ingest: data.ingest({ heldOff: true }),
  }),
  'starting-camera': (now) => ({
    session: started(now, {
      phase: 'awaiting_camera',
      cameraLink: 'demo',
      startedAtMs: now - 2000,
      givesUpAtMs: now + 8000,
    }),
  }),
  waiting: (now) => ({
    session: started(now, { phase: 'awaiting_media', state: 'preparing' }),
    ingest: data.ingest({
      lanServers: ['rtmp://192.168.1.20:1935/live'],
      whipLanServers: ['http://192.168.1.20:8935/whip'],
    }),
    marks: [data.mark(now - 12_000, 'awaiting_media', 'Started. Waiting for video from the encoder.')],
  }),
  preparing: (now) => ({
    session: started(now, {
      phase: 'awaiting_media',
      state: 'preparing',
      cameraLink: 'demo',
      startedAtMs: now - 2000,
      givesUpAtMs: now + 13_000,
    }),
    ingest: data.ingest({ publisher: { address: 'demo camera', encoder: '', sinceMs: now - 1500 } }),
  }),
  live: (now) => live(now),
  /** Destinations are there, none is on. */
  preview: (now) => ({ ...live(now, { viewers: 0 }), destinations: resting() }),
  'fan-out': (now) => fanOut(now, threeOn(now)),
  /** Destinations in every state; keys in a file. */
  destinations: (now) => ({ ...fanOut(now, everyState(now)), keyPlace: 'file' }),
  /** Nothing runs, destinations wait. */
  planned: () => ({ destinations: resting().map((one) => ({ ...one, enabled: true, state: 'idle' })) }),
  'live-encoder': (now) => ({
    ...live(now, { cameraLink: 'manual' }),
    ingest: data.ingest({ publisher: encoder(now, 9) }),
    signal: data.signal({ keyframeIntervalMs: 8000, width: 1920, height: 1080, hints: [data.HINT] }),
  }),
  /** Three watch by WebRTC. */
  'live-webrtc': (now) =>
    live(now, {
      enableWebrtc: true,
      urls: { ...data.urls(), webrtc: data.whep() },
      webrtc: data.webrtc({ state: 'ready', viewers: 3, slowestBps: 1_800_000, worstLossPercent: 2 }),
    }),
  /** It was asked for, and the picture does not fit. */
  'b-frames': (now) => ({
    ...live(now, {
      cameraLink: 'manual',
      enableWebrtc: true,
      webrtc: data.webrtc({ state: 'b_frames' }),
    }),
    ingest: data.ingest({ publisher: encoder(now, 9) }),
    signal: data.signal({ hasBFrames: true, hints: [data.B_FRAMES_HINT] }),
  }),
  interrupted: (now) => {
    const before = live(now - 19_000);
    return {
      ...before,
      session: data.session({
        ...before.session,
        cameraLink: 'manual',
        phase: 'interrupted',
        state: 'active',
        interruptedSinceMs: now - 19_000,
        givesUpAtMs: now + 41_000,
        message: { tone: 'warning', text: 'No media arrives from the encoder.', nextStep: null },
      }),
      ingest: data.ingest(),
      signal: null,
      marks: [...(before.marks ?? []), data.mark(now - 19_000, 'interrupted', 'No media arrives.')],
    };
  },
  stopping: (now) => live(now, { state: 'stopping', phase: 'stopping', urls: null }),
  ended: (now) => {
    const before = live(now - 30_000);
    return {
      ...before,
      session: data.session({
        ...before.session,
        state: 'stopped',
        phase: 'ended',
        endedAtMs: now - 30_000,
        urls: null,
        message: { tone: 'info', text: 'You stopped it.', nextStep: null },
      }),
      ingest: data.ingest(),
      signal: null,
      marks: [...(before.marks ?? []), data.mark(now - 30_000, 'ended', 'You stopped it.')],
    };
  },
  error: (now) => ({
    session: started(now, {
      state: 'error',
      phase: 'ended',
      startedAtMs: now - 22_000,
      endedAtMs: now - 6000,
      message: {
        tone: 'error',
        text: 'The encoder connected, but no playable picture arrived within 15 s.',
        nextStep:
          'Set the video codec of the encoder to H.264 and the keyframe interval to 2 s, then try again.',
      },
    }),
    marks: [
      data.mark(now - 22_000, 'awaiting_media', 'Started. Waiting for video from the encoder.'),
      data.mark(now - 6000, 'ended', 'No playable picture arrived within 15 s.'),
    ],
  }),
  /** Apps in every state; two of them are in the running stream of the glasses. */
  apps: (now) => ({ ...onGlasses(now), apps: everyApp(now) }),
  /** A stream of the glasses that two apps hold. */
  glasses: (now) => onGlasses(now),
  /** Nothing runs, virtual glasses are on. */
  'virtual-glasses': () => ({ hub: virtualHub() }),
  'glasses-away': () => ({ hub: hub({ glasses: glasses({ link: 'away', wifi: false, wifiName: null }) }) }),
  /** From the glasses straight to a server. */
  unmanaged: (now) => {
    const [first] = inStream(now);
    const start = minutesAgo(now, 6);
    return {
      session: started(now, {
        state: 'active',
        phase: 'live',
        cameraLink: 'hub',
        delivery: 'unmanaged',
        target: 'rtmps://media.club.example/live/***',
        startedBy: 'com.example.camera',
        apps: [{ packageName: 'com.example.camera', name: 'Camera Demo', part: 'started', away: false }],
        startedAtMs: start - 3000,
        liveSinceMs: start,
      }),
      apps: first === undefined ? [] : [first],
      hub: hub({ glasses: glasses(streaming) }),
      glassesMarks: glassesMarks(start, [start + 90_000, start + 104_000], 81),
      destinations: resting(),
      marks: [
        data.mark(start - 3000, 'awaiting_camera', 'Started. The glasses were asked to start.'),
        data.mark(start, 'live', 'The glasses say that the server takes the stream.'),
      ],
    };
  },
  /** The app at MentraOS is set up, and nobody has called. */
  'cloud-setup': () => ({ cloud: cloud(), settings: withCloud() }),
  /** A phone runs it, its glasses are on. */
  'cloud-ready': (now) => ({ cloud: cloudReady(now), settings: withCloud(), destinations: resting() }),
  'cloud-problem': () => ({
    cloud: cloud({
      calledAtMs: Date.now() - 9000,
      message: {
        tone: 'error',
        text: 'MentraOS does not take the API key of the app com.yourname.streamconsole.',
        nextStep: 'Copy the key again from MentraOS’ developer console and enter it here.',
      },
    }),
    settings: withCloud(),
  }),
  /** MentraOS delivers. */
  'cloud-live': (now) => ({
    ...live(now, { cameraLink: 'cloud', delivery: 'cloud', urls: cloudUrls(), viewers: 0 }),
    cloud: cloudReady(now),
    settings: withCloud(),
    ingest: data.ingest(),
    signal: null,
    samples: [],
    destinations: resting(),
  }),
  /** The glasses at MentraOS send here. */
  'cloud-here': (now) => ({
    ...live(now, { cameraLink: 'cloud' }),
    cloud: cloudReady(now),
    settings: withCloud(),
    ingest: data.ingest({ publisher: { address: '192.168.1.34:40122', encoder: '', sinceMs: now - 60_000 } }),
  }),
  lost: (now) => fanOut(now, threeOn(now)),
  refused: () => ({}),
  restart: () => ({
    settings: { chosen: { ...data.SETTINGS, lanAccess: true, httpPort: 9000 }, restartNeeded: true },
    ingest: data.ingest({ movedPorts: [{ listener: 'RTMP', wanted: 1935, actual: 1936 }] }),
  }),
};

/** The scripted host plus what a test needs to play the console's part. */
export interface FakeHost extends Host {
  /** Changes one slice, as the console would. */
  tell(change: Change): void;
  /** Every command that was called, oldest first. */
  readonly calls: { command: CommandName; args: unknown }[];
  readonly copied: string[];
  /** Addresses that were to be opened elsewhere. */
  readonly opened: string[];
  /** The next call of this command fails with this error. */
  failNext(command: CommandName, error: HostError): void;
}

export function fakeHost(sceneName: string): FakeHost {
  const makeScene = SCENES[sceneName] ?? SCENES.idle;
  let known: Snapshot = data.snapshot(makeScene?.(Date.now()) ?? {});
  const hls = new URL(location.href).searchParams.get('hls');
  if (hls !== null && known.session.urls !== null) {
    known = { ...known, session: { ...known.session, urls: { ...known.session.urls, hls } } };
  }
  let past: StreamSummary[] = sceneName === 'first-run' ? [] : data.history(Date.now());
  const listeners = new Set<Listener>();
  const failures = new Map<CommandName, HostError>();
  const calls: FakeHost['calls'] = [];
  const copied: string[] = [];
  const opened: string[] = [];

  const tell = (change: Change) => {
    const seq = known.seq + 1;
    known = { ...fold(known, change), seq };
    for (const listener of listeners) listener.onEvent({ seq, ...change } as Event);
  };
  const setSession = (over: Partial<SessionView>) =>
    tell({ kind: 'session', session: { ...known.session, ...over } });
  const say = (phase: Mark['phase'], text: string) =>
    tell({ kind: 'mark', mark: data.mark(Date.now(), phase, text) });

  const start = (cameraLink: SessionView['cameraLink'], enableWebrtc: boolean) => {
    const streamId = `st-${Date.now()}`;
    const first = cameraLink === 'manual' ? 'awaiting_media' : 'awaiting_camera';
    setSession(
      data.session({
        streamId,
        cameraLink,
        phase: first,
        state: 'initializing',
        startedAtMs: Date.now(),
        heldByUser: true,
        enableWebrtc,
      }),
    );
    say(first, 'Started.');
    if (cameraLink === 'manual') return streamId;
    setTimeout(() => {
      if (known.session.streamId !== streamId || known.session.phase === 'ended') return;
      tell({ kind: 'signal', signal: data.signal() });
      setSession({ phase: 'live', state: 'active', liveSinceMs: Date.now(), urls: data.urls() });
      say('live', 'Playable.');
    }, 1500);
    return streamId;
  };
  const stop = () => {
    tell({ kind: 'signal', signal: null });
    setSession({ phase: 'ended', state: 'stopped', urls: null, endedAtMs: Date.now() });
    say('ended', 'You stopped it.');
  };

  const answers: { [C in CommandName]: (...args: ArgsOf<C>) => ResultOf<C> | Promise<ResultOf<C>> } = {
    ...destinationAnswers(() => known, tell),
    ...appAnswers(() => known, tell),
    ...cloudAnswers(() => known, tell),
    snapshot: () => known,
    start_managed: (args) => ({
      streamId: start(args.cameraLink ?? 'manual', args.enableWebrtc ?? false),
      joined: false,
    }),
    stop_stream: () => (stop(), null),
    list_streams: ({ beforeMs, limit }) =>
      past.filter((line) => beforeMs === undefined || line.startedAtMs < beforeMs).slice(0, limit ?? 50),
    stream_detail: ({ streamId }) => {
      const line = past.find((one) => one.streamId === streamId);
      if (line === undefined) {
        throw new HostError({ code: 'not_found', message: 'There is no such stream.', nextStep: null });
      }
      return data.detail(line);
    },
    delete_stream: ({ streamId }) => {
      past = past.filter((line) => line.streamId !== streamId);
      tell({ kind: 'history' });
      return null;
    },
    update_settings: (chosen) => {
      const restartNeeded =
        chosen.lanAccess ||
        chosen.rtmpPort !== 1935 ||
        chosen.httpPort !== 8935 ||
        chosen.hubPort !== 8002 ||
        chosen.webrtcPort !== 8936;
      tell({ kind: 'settings', settings: { chosen, restartNeeded } });
      return known.settings;
    },
    new_stream_key: () => {
      const streamKey = `sk-${Math.random().toString(36).slice(2, 18)}`;
      const publishUrl = `${known.ingest.server}/${streamKey}`;
      const whipPublishUrl = `${known.ingest.whipServer}/${streamKey}`;
      tell({ kind: 'ingest', ingest: { ...known.ingest, streamKey, publishUrl, whipPublishUrl } });
      return null;
    },
  };

  return {
    capabilities: { openFolder: true },
    calls,
    copied,
    opened,
    tell,
    failNext: (command, error) => failures.set(command, error),
    invoke: async (command, ...args) => {
      calls.push({ command, args: args[0] });
      const failure = failures.get(command);
      failures.delete(command);
      if (failure !== undefined) throw failure;
      return await (answers[command] as (...given: unknown[]) => Promise<ResultOf<typeof command>>)(...args);
    },
    subscribe: (listener) => {
      if (sceneName === 'refused') {
        listener.onConnection({ is: 'refused' });
        return () => undefined;
      }
      if (sceneName === 'loading') {
        listener.onConnection({ is: 'connecting' });
        return () => undefined;
      }
      listeners.add(listener);
      listener.onSnapshot(known);
      listener.onConnection(
        sceneName === 'lost' ? { is: 'lost', retryAtMs: Date.now() + 4000 } : { is: 'open' },
      );
      const timer = setInterval(() => {
        if (known.session.phase !== 'live') return;
        tell({ kind: 'sample', sample: data.sampleAt(Date.now(), Math.floor(Date.now() / 1000)) });
      }, 1000);
      return () => {
        clearInterval(timer);
        listeners.delete(listener);
      };
    },
    openExternal: async (url) => {
      opened.push(url);
    },
    openDataFolder: async () => undefined,
    copyText: async (text) => {
      copied.push(text);
    },
    copySecret: async (secret) => {
      copied.push(secret);
      return true;
    },
    saveExport: async () => true,
  };
}

function fold(snapshot: Snapshot, change: Change): Snapshot {
  switch (change.kind) {
    case 'session':
      return { ...snapshot, session: change.session };
    case 'ingest':
      return { ...snapshot, ingest: change.ingest };
    case 'signal':
      return { ...snapshot, signal: change.signal };
    case 'destinations':
      return { ...snapshot, destinations: change.destinations };
    case 'hub':
      return { ...snapshot, hub: change.hub };
    case 'apps':
      return { ...snapshot, apps: change.apps };
    case 'cloud':
      return { ...snapshot, cloud: change.cloud };
    case 'settings':
      return { ...snapshot, settings: change.settings };
    default:
      return snapshot;
  }
}
