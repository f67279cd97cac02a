// Plausible destinations in every state, and what the console would answer about them.
import type {
  BroadcastCheck,
  DestinationMark,
  DestinationState,
  DestinationView,
  Preflight,
  PresetView,
  Sample,
} from './generated';

export function destination(over: Partial<DestinationView> = {}): DestinationView {
  return {
    id: 'de-yt',
    name: 'YouTube',
    preset: 'youtube',
    url: 'rtmps://a.rtmps.youtube.com/live2',
    hasKey: true,
    enabled: false,
    state: 'disabled',
    severity: null,
    message: null,
    failedAttempts: 0,
    retryAtMs: null,
    broadcastingSinceMs: null,
    bitrateBps: 0,
    droppedUnits: 0,
    rttMs: null,
    holdLimitS: null,
    bandwidthTest: false,
    addedBy: null,
    ...over,
  };
}

/** Three that are switched off. */
export function resting(): DestinationView[] {
  return [
    destination(),
    destination({
      id: 'de-tw',
      name: 'Twitch',
      preset: 'twitch',
      url: 'rtmps://ingest.global-contribute.live-video.net/app',
    }),
    destination({
      id: 'de-cl',
      name: 'Club server',
      preset: 'custom',
      url: 'rtmp://media.club.example/live',
    }),
  ];
}

const onAir = (nowMs: number): Partial<DestinationView> => ({
  enabled: true,
  state: 'broadcasting',
  broadcastingSinceMs: nowMs - 8.7 * 60_000,
  bitrateBps: 2_130_000,
  rttMs: 23.4,
});

/** As in the drawing: two on air, one tried again. */
export function threeOn(nowMs: number): DestinationView[] {
  const [youtube, twitch, club] = resting() as [DestinationView, DestinationView, DestinationView];
  return [
    { ...youtube, ...onAir(nowMs) },
    { ...twitch, ...onAir(nowMs), droppedUnits: 14, rttMs: 61 },
    {
      ...club,
      enabled: true,
      state: 'retrying',
      failedAttempts: 3,
      retryAtMs: nowMs + 6000,
      message: {
        tone: 'warning',
        text: 'The server closed the connection.',
        nextStep: 'It may be restarting.',
      },
    },
  ];
}

/** One in each state. */
export function everyState(nowMs: number): DestinationView[] {
  const [youtube, twitch, club] = threeOn(nowMs) as [DestinationView, DestinationView, DestinationView];
  return [
    youtube,
    { ...twitch, bandwidthTest: true },
    club,
    destination({
      id: 'de-fb',
      name: 'Facebook',
      preset: 'facebook',
      enabled: true,
      state: 'errored',
      severity: 'fatal',
      failedAttempts: 1,
      message: {
        tone: 'error',
        text: 'Facebook refused the stream key.',
        nextStep: 'Copy it again from Live Producer and paste it here.',
      },
    }),
    destination({
      id: 'de-ki',
      name: 'Kick',
      preset: 'kick',
      ...onAir(nowMs),
      state: 'stalled',
      bitrateBps: 0,
      droppedUnits: 212,
      message: {
        tone: 'warning',
        text: 'Connected, but it takes no bytes.',
        nextStep: 'It is tried again if this lasts longer than 30 s.',
      },
    }),
    destination({
      id: 'de-st',
      name: 'Studio upstairs',
      preset: 'console',
      enabled: true,
      state: 'starting',
    }),
    destination({
      id: 'de-in',
      name: 'The very long name of an Instagram account',
      preset: 'instagram',
      ...onAir(nowMs),
      state: 'interrupted',
      bitrateBps: 48_000,
    }),
    destination({
      id: 'de-tt',
      name: 'TikTok',
      preset: 'tiktok',
      enabled: true,
      state: 'errored',
      severity: 'normal',
      holdLimitS: 120,
      message: {
        tone: 'warning',
        text: 'Ended: no picture came for 2 minutes.',
        nextStep: 'Try again once the camera is back.',
      },
    }),
    destination({ id: 'de-x', name: 'X', preset: 'x', enabled: true, state: 'idle' }),
    destination({ id: 'de-rt', name: 'Spare server', preset: 'custom' }),
  ];
}

export function destinationMark(
  atMs: number,
  of: { id: string; name: string },
  state: DestinationState,
  text: string,
): DestinationMark {
  return { atMs, destinationId: of.id, name: of.name, state, text };
}

/** How `destinations` came to be as they are, during a stream with one gap. */
export function marksOf(
  destinations: readonly DestinationView[],
  startMs: number,
  [gapStart, gapEnd]: [number, number],
): DestinationMark[] {
  return destinations
    .filter((one) => one.enabled && one.state !== 'idle')
    .flatMap((one, index) => {
      const from = startMs + 15_000 + index * 9000;
      const end = gapEnd + 60_000 + index * 12_000;
      return [
        destinationMark(from, one, 'starting', 'Connecting.'),
        destinationMark(from + 4000, one, 'broadcasting', 'It takes the stream.'),
        destinationMark(gapStart + 3000, one, 'interrupted', 'No picture arrives; the last one is held.'),
        destinationMark(gapEnd, one, 'broadcasting', 'The picture is back.'),
        ...(one.state === 'broadcasting'
          ? []
          : [destinationMark(end, one, one.state, one.message?.text ?? '')]),
      ];
    })
    .sort((a, b) => a.atMs - b.atMs);
}

export function pastMarks(startMs: number, gap: [number, number], endMs: number): DestinationMark[] {
  const three = threeOn(startMs);
  return [
    ...marksOf(three, startMs, gap),
    ...three.map((one) => destinationMark(endMs, one, 'disabled', 'The stream ended.')),
  ];
}

export const PRESETS: PresetView[] = [
  {
    id: 'youtube',
    name: 'YouTube',
    ingests: [
      { name: 'Primary', url: 'rtmps://a.rtmps.youtube.com/live2' },
      { name: 'Backup', url: 'rtmps://b.rtmps.youtube.com/live2?backup=1' },
    ],
    keyPage: 'https://studio.youtube.com/',
    keyHint: 'In YouTube Studio choose Create, Go live, and copy the stream key.',
    note: null,
    hasBandwidthTest: false,
    keyOptional: false,
    limits: 'up to 51 Mb/s, keyframes every 2 to 4 s, AAC sound',
  },
  {
    id: 'twitch',
    name: 'Twitch',
    ingests: [
      { name: 'Nearest', url: 'rtmps://ingest.global-contribute.live-video.net/app' },
      { name: 'Europe: Frankfurt', url: 'rtmps://fra02.contribute.live-video.net/app' },
      { name: 'US East: New York', url: 'rtmps://jfk50.contribute.live-video.net/app' },
    ],
    keyPage: 'https://dashboard.twitch.tv/settings/stream',
    keyHint: 'In the Creator Dashboard open Settings, Stream, and copy the primary stream key.',
    note: null,
    hasBandwidthTest: true,
    keyOptional: false,
    limits: 'up to 6 Mb/s, 1080p60, keyframes every 2 s',
  },
  ...(
    [
      ['facebook', 'Facebook', 'rtmps://live-api-s.facebook.com:443/rtmp'],
      ['kick', 'Kick', 'rtmps://fa723fc1b171.global-contribute.live-video.net/app'],
      ['x', 'X', 'rtmps://va.pscp.tv:443/x'],
    ] as const
  ).map(([id, name, url]) => ({
    id,
    name,
    ingests: [{ name: 'Default', url }],
    keyPage: `https://${id}.com/`,
    keyHint: `Copy the key from the live page of ${name}.`,
    note: null,
    hasBandwidthTest: false,
    keyOptional: false,
    limits: 'up to 8 Mb/s, 1080p60, keyframes every 2 s',
  })),
  ...(['TikTok', 'Instagram'] as const).map((name) => ({
    id: name.toLowerCase(),
    name,
    ingests: [],
    keyPage: `https://www.${name.toLowerCase()}.com/`,
    keyHint: `${name} shows an address and a key for each broadcast. Copy both.`,
    note: `${name} gives stream keys only to accounts it has chosen, and a new one for each broadcast.`,
    hasBandwidthTest: false,
    keyOptional: false,
    limits: 'up to 4 Mb/s, portrait 720 × 1280',
  })),
  {
    id: 'console',
    name: 'Another Stream Console',
    ingests: [],
    keyPage: null,
    keyHint: 'It shows the server and the stream key when it waits for an encoder.',
    note: null,
    hasBandwidthTest: false,
    keyOptional: false,
    limits: '',
  },
  {
    id: 'custom',
    name: 'Other server',
    ingests: [],
    keyPage: null,
    keyHint: 'Whoever runs the server gives you the address and the key.',
    note: null,
    hasBandwidthTest: false,
    keyOptional: true,
    limits: '',
  },
];

/** The first is refused, the second warned of, the rest pass. */
export function preflight(destinations: readonly DestinationView[], measured: boolean): Preflight {
  const chosen = destinations.some((one) => one.enabled)
    ? destinations.filter((one) => one.enabled)
    : destinations;
  return {
    measured,
    destinations: chosen.map(({ id, name }, index) => {
      const verdict = !measured ? 'pass' : index === 0 ? 'refused' : index === 1 ? 'warn' : 'pass';
      const codec = {
        subject: 'Codec',
        verdict: 'pass' as const,
        text: `H.264 is what ${name} takes.`,
        fix: null,
      };
      return {
        id,
        name,
        verdict,
        findings: !measured
          ? []
          : verdict === 'refused'
            ? [
                {
                  subject: 'Sound',
                  verdict,
                  text: `Opus sound is not taken by ${name}.`,
                  fix: 'Set the audio codec of your encoder to AAC.',
                },
                codec,
              ]
            : verdict === 'warn'
              ? [
                  {
                    subject: 'Keyframes',
                    verdict,
                    text: `A keyframe comes every 8.0 s; ${name} asks for one every 2 s.`,
                    fix: 'Set the keyframe interval of your encoder to 2 s.',
                  },
                  codec,
                ]
              : [codec],
      };
    }),
  };
}

export function broadcastCheck(samples: Sample[]): BroadcastCheck {
  return {
    score: 72,
    seconds: 20,
    parts: [
      { subject: 'Bitrate', score: 96, text: 'Steady at 2.1 Mb/s.', fix: null },
      {
        subject: 'Keyframes',
        score: 72,
        text: 'They come 3.1 to 4.9 s apart.',
        fix: 'Set a fixed keyframe interval of 2 s in your encoder.',
      },
      { subject: 'Sound', score: 100, text: 'AAC arrived without a gap.', fix: null },
      { subject: 'Gaps', score: 100, text: 'Nothing was missing.', fix: null },
    ],
    samples,
  };
}
