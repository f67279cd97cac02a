// Plausible slices for tests and for design work. Nothing here reaches a shipped page.
import type {
  IngestView,
  Mark,
  Message,
  Sample,
  SessionView,
  Settings,
  SignalView,
  Snapshot,
  StreamDetail,
  StreamSummary,
  WebRtcView,
} from './generated';
import { hub } from './fake-glasses';
import { pastMarks } from './fake-destinations';

export const SETTINGS: Settings = {
  cloud: null,
  rtmpPort: 1935,
  httpPort: 8935,
  hubPort: 8002,
  webrtcPort: 8936,
  webrtcAddresses: [],
  webrtc: true,
  lanAccess: false,
  graceS: 60,
  startOnPublish: true,
  freezePicture: false,
  cloudReplace: false,
  keepDestinationsOn: false,
  theme: 'dark',
};

export function urls(base = 'http://127.0.0.1:8935/k3v9q2m7x1pd8w4t'): NonNullable<SessionView['urls']> {
  return {
    hls: `${base}/index.m3u8`,
    dash: `${base}/manifest.mpd`,
    preview: `${base}/watch`,
    thumbnail: `${base}/thumbnail.jpg`,
  };
}

/** Where it plays by WebRTC. */
export function whep(base = 'http://127.0.0.1:8935/k3v9q2m7x1pd8w4t'): string {
  return `${base}/whep`;
}

export function session(over: Partial<SessionView> = {}): SessionView {
  return {
    state: 'stopped',
    phase: 'idle',
    streamId: null,
    cameraLink: null,
    delivery: 'managed',
    target: null,
    startedBy: null,
    heldByUser: false,
    apps: [],
    limitAtMs: null,
    quality: '720p',
    enableWebrtc: false,
    startedAtMs: null,
    liveSinceMs: null,
    interruptedSinceMs: null,
    givesUpAtMs: null,
    endedAtMs: null,
    message: null,
    urls: null,
    viewers: 0,
    webrtc: webrtc(),
    ...over,
  };
}

export function webrtc(over: Partial<WebRtcView> = {}): WebRtcView {
  return {
    state: 'off',
    viewers: 0,
    slowestBps: null,
    worstLossPercent: null,
    longestRoundTripMs: null,
    ...over,
  };
}

export function ingest(over: Partial<IngestView> = {}): IngestView {
  const server = 'rtmp://127.0.0.1:1935/live';
  const whipServer = 'http://127.0.0.1:8935/whip';
  const streamKey = 'sk-7fq2-m9xd-41ke-tz8w';
  return {
    publishUrl: `${server}/${streamKey}`,
    server,
    streamKey,
    lanServers: [],
    whipServer,
    whipLanServers: [],
    whipPublishUrl: `${whipServer}/${streamKey}`,
    movedPorts: [],
    publisher: null,
    heldOff: false,
    ...over,
  };
}

export function signal(over: Partial<SignalView> = {}): SignalView {
  return {
    bitrateBps: 2_140_000,
    fps: 29.97,
    keyframeIntervalMs: 2000,
    width: 1280,
    height: 720,
    videoCodec: 'avc1.64001f',
    audioCodec: 'mp4a.40.2',
    audioChannels: 2,
    audioSampleRateHz: 48_000,
    audioBitrateBps: 128_000,
    hasBFrames: false,
    droppedUnits: 0,
    jitterMs: 1.4,
    avSkewMs: 12,
    hints: [],
    ...over,
  };
}

export const HINT: Message = {
  tone: 'warning',
  text: 'A keyframe comes only every 8.0 s.',
  nextStep: 'Set the keyframe interval of your encoder to 2 s, so that viewers see a picture sooner.',
};

export const B_FRAMES_HINT: Message = {
  tone: 'warning',
  text: 'The picture has B-frames, which WebRTC cannot play; viewers get it another way meanwhile, a little later.',
  nextStep: 'Set B-frames to 0 in OBS, or -bf 0 in ffmpeg.',
};

/** One second of a plausible stream: slow waves, so that pictures of it are the same every time. */
export function sampleAt(atMs: number, index: number): Sample {
  const wave = Math.sin(index / 17) * 180_000 + Math.sin(index / 5) * 60_000 + Math.sin(index / 71) * 240_000;
  return {
    atMs,
    bitrateBps: Math.round(2_150_000 + wave),
    fps: 30 - (index % 47 === 0 ? 2 : 0) - Math.abs(Math.sin(index / 9)) * 0.4,
    viewers: Math.min(18, Math.floor(index / 12)),
  };
}

/** Samples of every second from `fromMs` up to `toMs`, none between `gap[0]` and `gap[1]`. */
export function samples(fromMs: number, toMs: number, gap?: [number, number]): Sample[] {
  const out: Sample[] = [];
  for (let at = fromMs, index = 0; at <= toMs; at += 1000, index += 1) {
    if (gap === undefined || at < gap[0] || at > gap[1]) out.push(sampleAt(at, index));
  }
  return out;
}

export function mark(atMs: number, phase: Mark['phase'], text: string): Mark {
  return { atMs, phase, text };
}

export function snapshot(over: Partial<Snapshot> = {}): Snapshot {
  return {
    seq: 1,
    cloud: null,
    app: {
      version: '0.1.0',
      dataDir: '/home/ada/.local/share/stream-console',
      logFile: '/home/ada/.local/share/stream-console/logs/console.2026-11-22.log',
    },
    session: session(),
    ingest: ingest(),
    signal: null,
    samples: [],
    marks: [],
    destinations: [],
    destinationMarks: [],
    keyPlace: 'keychain',
    hub: hub(),
    apps: [],
    glassesMarks: [],
    settings: { chosen: SETTINGS, restartNeeded: false },
    ...over,
  };
}

export function summary(over: Partial<StreamSummary> = {}): StreamSummary {
  const startedAtMs = over.startedAtMs ?? Date.UTC(2026, 10, 21, 16, 30);
  return {
    streamId: 'st-01',
    cameraLink: 'demo',
    delivery: 'managed',
    apps: [],
    startedAtMs,
    liveSinceMs: startedAtMs + 2_400,
    endedAtMs: startedAtMs + 42 * 60_000,
    phase: 'ended',
    endReason: 'You stopped it.',
    failed: false,
    interruptions: 0,
    peakViewers: 18,
    meanBitrateBps: 2_140_000,
    ...over,
  };
}

export function history(nowMs: number): StreamSummary[] {
  const hour = 3_600_000;
  return [
    summary({ streamId: 'st-05', startedAtMs: nowMs - 3 * hour, cameraLink: 'manual', interruptions: 2 }),
    summary({
      streamId: 'st-04',
      startedAtMs: nowMs - 26 * hour,
      cameraLink: 'manual',
      liveSinceMs: null,
      endedAtMs: nowMs - 26 * hour + 15_000,
      failed: true,
      endReason: 'No playable picture arrived within 15 s.',
      peakViewers: 0,
      meanBitrateBps: 0,
    }),
    summary({
      streamId: 'st-03',
      cameraLink: 'hub',
      apps: ['Camera Demo', 'Second App'],
      startedAtMs: nowMs - 30 * hour,
      endedAtMs: nowMs - 28.6 * hour,
      peakViewers: 4,
    }),
    summary({
      streamId: 'st-02',
      startedAtMs: nowMs - 75 * hour,
      cameraLink: 'manual',
      failed: true,
      interruptions: 3,
      endReason: 'The encoder did not come back within 60 s.',
      peakViewers: 41,
      meanBitrateBps: 4_320_000,
    }),
    summary({
      streamId: 'st-01',
      startedAtMs: nowMs - 120 * hour,
      cameraLink: 'hub',
      delivery: 'unmanaged',
      apps: ['Second App'],
      peakViewers: 0,
      meanBitrateBps: 0,
    }),
  ];
}

export function detail(line: StreamSummary): StreamDetail {
  const start = line.startedAtMs;
  const end = line.endedAtMs ?? start + 600_000;
  if (line.liveSinceMs === null) {
    return {
      summary: line,
      marks: [
        mark(start, 'awaiting_media', 'Started. Waiting for video from the encoder.'),
        mark(end, 'ended', line.endReason ?? 'Ended.'),
      ],
      samples: [],
      destinationMarks: [],
      apps: [],
      target: null,
    };
  }
  const gapStart = start + (end - start) * 0.45;
  const gapEnd = gapStart + 22_000;
  const held = line.interruptions > 0;
  return {
    summary: line,
    marks: [
      mark(start, 'awaiting_media', 'Started. Waiting for video.'),
      mark(line.liveSinceMs, 'live', 'Playable.'),
      ...(held
        ? [
            mark(gapStart, 'interrupted', 'The encoder went away. Addresses are held for 60 s.'),
            mark(gapEnd, 'live', 'The encoder came back.'),
          ]
        : []),
      mark(end - 800, 'stopping', 'Stop was asked for.'),
      mark(end, 'ended', line.endReason ?? 'Ended.'),
    ],
    samples:
      line.delivery === 'unmanaged'
        ? []
        : samples(line.liveSinceMs, end, held ? [gapStart, gapEnd] : undefined),
    destinationMarks: line.streamId === 'st-05' ? pastMarks(line.liveSinceMs, [gapStart, gapEnd], end) : [],
    apps: line.apps.map((name, index) => ({
      packageName: `com.example.${name.toLowerCase().replaceAll(' ', '')}`,
      name,
      part: index === 0 ? 'started' : 'joined',
      joinedAtMs: start + index * 95_000,
      leftAtMs: index === 0 ? end : end - 240_000,
    })),
    target: line.delivery === 'unmanaged' ? 'rtmps://media.club.example/live/***' : null,
  };
}
