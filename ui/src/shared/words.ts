// The vocabulary of states, in one place so that the same thing has the same name everywhere and can be translated.

export type PhaseName =
  'idle' | 'awaiting_camera' | 'awaiting_media' | 'live' | 'interrupted' | 'stopping' | 'ended';

export type CameraLinkName = 'manual' | 'demo' | 'hub' | 'cloud';

/** Colour family of a state. Colour never speaks alone: a word and a shape say the same. */
export type ToneName = 'neutral' | 'wait' | 'live' | 'ok' | 'warn' | 'error';

/** The chip beside a stream's title. */
export const CHIP_WORDS = {
  ready: 'Ready',
  startingCamera: 'Starting the camera',
  waitingForEncoder: 'Waiting for the encoder',
  startingGlasses: 'Starting the glasses',
  connecting: 'Connecting',
  preparing: 'Preparing',
  live: 'Live',
  interrupted: 'Interrupted',
  stopping: 'Stopping',
  ended: 'Ended',
  failed: 'Failed',
} as const;

/** A lane of the time axis. */
export const PHASE_WORDS: Record<PhaseName, string> = {
  idle: 'Idle',
  awaiting_camera: 'Starting the camera',
  awaiting_media: 'Waiting for video',
  live: 'Live',
  interrupted: 'Interrupted',
  stopping: 'Stopping',
  ended: 'Ended',
};

export const PHASE_TONES: Record<PhaseName, ToneName> = {
  idle: 'neutral',
  awaiting_camera: 'wait',
  awaiting_media: 'wait',
  live: 'ok',
  interrupted: 'warn',
  stopping: 'neutral',
  ended: 'neutral',
};

/** What a cable of the signal path carries. */
export type CableState = 'off' | 'waiting' | 'flowing' | 'held' | 'failed';

export const CABLE_WORDS: Record<CableState, string> = {
  off: 'off',
  waiting: 'waiting',
  flowing: 'on air',
  held: 'held',
  failed: 'failed',
};

export const SOURCE_CABLE_WORDS: Record<CableState, string> = {
  ...CABLE_WORDS,
  flowing: 'signal',
  held: 'lost',
};

export type DestinationStateName =
  'disabled' | 'idle' | 'starting' | 'broadcasting' | 'stalled' | 'interrupted' | 'retrying' | 'errored';

/** A destination's card and its lane of the time axis. */
export const DESTINATION_WORDS: Record<DestinationStateName, string> = {
  disabled: 'Off',
  idle: 'Standing by',
  starting: 'Connecting',
  broadcasting: 'On air',
  stalled: 'Takes nothing',
  interrupted: 'Held',
  retrying: 'Trying again',
  errored: 'Failed',
};

export const DESTINATION_TONES: Record<DestinationStateName, ToneName> = {
  disabled: 'neutral',
  idle: 'neutral',
  starting: 'wait',
  broadcasting: 'ok',
  stalled: 'warn',
  interrupted: 'warn',
  retrying: 'warn',
  errored: 'error',
};

export type AppStateName = 'stopped' | 'starting' | 'connected' | 'away' | 'failed';

/** A MentraOS app, on its card. */
export const APP_WORDS: Record<AppStateName, string> = {
  stopped: 'Stopped',
  starting: 'Starting',
  connected: 'Connected',
  away: 'Away',
  failed: 'Failed',
};

export const APP_TONES: Record<AppStateName, ToneName> = {
  stopped: 'neutral',
  starting: 'wait',
  connected: 'ok',
  away: 'warn',
  failed: 'error',
};

/** An app's part in a stream. */
export const PART_WORDS = { started: 'Started this stream', joined: 'Joined this stream' } as const;

/** The same for a stream of the past. */
export const PAST_PART_WORDS = { started: 'Started it', joined: 'Joined' } as const;

export const GLASSES_LINK_WORDS = {
  connected: 'Connected',
  phone_only: 'Phone only',
  away: 'Away',
} as const;

export const GLASSES_LINK_TONES = { connected: 'ok', phone_only: 'warn', away: 'warn' } as const;

export const GLASSES_MARK_WORDS = {
  battery: 'Battery',
  wifi: 'Wi-Fi',
  link: 'Connection',
  camera: 'Camera',
} as const;

/** A stream from the glasses straight to a server, past this computer. */
export const UNMANAGED_WORD = 'Unmanaged';

/** A stream that MentraOS delivers, past this computer. */
export const BY_CLOUD_WORD = 'Through MentraOS';

/** Where glasses at MentraOS send the picture, and what that means. */
export const CLOUD_DELIVERY_WORDS = {
  local: {
    name: 'To this computer',
    line: 'The least delay; preview, destinations and history from here. Needs the same Wi-Fi.',
  },
  cloud: {
    name: 'Through MentraOS',
    line: 'Its servers carry the viewers, 10 to 20 s behind. With destinations there is no WebRTC, and none can be added while live.',
  },
} as const;

/** Said beside destinations while MentraOS delivers. */
export const CLOUD_DESTINATIONS_WORDS = {
  text: 'MentraOS sends this stream on.',
  nextStep:
    'To the destinations that were on when it started. It does not tell how they do. Changes here count from the next start.',
} as const;

/** The source's cable then. */
export const ELSEWHERE_WORD = 'elsewhere';

/** Which way a message went, as a person reads it. */
export const DIRECTION_WORDS = { received: 'Received', sent: 'Sent', webhook: 'Webhook' } as const;

export const VERDICT_WORDS = { pass: 'Fine', warn: 'May suffer', refused: 'Will be refused' } as const;

export const VERDICT_TONES = { pass: 'ok', warn: 'warn', refused: 'error' } as const;

/** A stream that plays here and is sent to nobody yet. */
export const PREVIEW_WORD = 'Preview';

/** The source's cable while an encoder keeps trying after a stop. */
export const SHUT_OUT_WORD = 'shut out';

export const CAMERA_LINK_WORDS: Record<CameraLinkName, string> = {
  manual: 'Encoder',
  demo: 'Demo camera',
  hub: 'Glasses',
  cloud: 'Mentra glasses',
};

/** How a past stream went. */
export const OUTCOME_WORDS = {
  running: 'Running',
  complete: 'Complete',
  cutShort: 'Cut short',
  neverLive: 'Never live',
} as const;

export const ACTION_WORDS = {
  start: 'Start',
  stop: 'Stop',
  stopping: 'Stopping',
  tryAgain: 'Try again',
} as const;

/** Said in place of addresses that cannot be handed out now. */
export const NO_URLS_WORDS = {
  off: 'After the start',
  waiting: 'Not yet: waiting for video',
  stopping: 'Being closed',
  unmanaged: 'None: the picture does not pass through this computer, so nobody can watch it here.',
} as const;

/** A way of playing: its name, and what it means to whoever watches. */
export const WAY_WORDS = {
  auto: { name: 'Automatic', line: 'The least delay that plays well here.' },
  webrtc: { name: 'WebRTC', line: 'About 0.2 s behind: the least delay.' },
  socket: { name: 'Low latency', line: 'Under 1 s behind.' },
  'll-hls': { name: 'LL-HLS', line: 'About 2 s behind.' },
  hls: { name: 'HLS', line: 'About 6 s behind. Steady on a bad network.' },
  native: { name: 'HLS', line: 'Some seconds behind, played by the browser itself.' },
} as const;

/** Why a way of playing is not there to choose. */
export const NO_WAY_WORDS = {
  noWebRtc: 'H.264 video cannot be played over WebRTC here.',
  noWhep: 'Not offered for this stream now.',
  noMediaSource: 'This browser cannot play this way.',
  noHlsJs: 'This browser plays HLS by itself.',
} as const;

/** The public page. */
export const WATCH_WORDS = {
  loading: 'Looking for the stream',
  waiting: 'Waiting for video',
  waitingMore: 'The stream has not started yet. This page starts it by itself.',
  live: 'Live',
  interrupted: 'Interrupted',
  interruptedMore: 'The camera lost its connection. The picture comes back by itself.',
  ended: 'The stream has ended',
  endedMore: 'Thank you for watching.',
  gone: 'This stream does not exist or has ended',
  goneMore: 'Ask whoever sent you the link for a new one.',
  offline: 'No connection',
  offlineMore: 'The stream’s computer cannot be reached. Trying again.',
} as const;

/** What the share panel says of WebRTC; null where there is nothing to say. */
export const WEBRTC_WORDS: Record<'off' | 'no_media' | 'no_picture' | 'b_frames' | 'ready', string | null> = {
  off: null,
  no_media: 'WebRTC: once the picture comes.',
  no_picture: 'WebRTC: not for sound alone. It comes with the picture.',
  b_frames: 'WebRTC: not while the picture has B-frames. Viewers get it another way meanwhile.',
  ready: 'WebRTC: the least delay, for players that speak WHEP.',
};
