// What the Live screen says for a session, as data. Pure.
import type { CameraLink, IngestView, SessionView } from '../host/generated';
import type { CableState, ToneName } from '../shared/words';
import { ACTION_WORDS, CAMERA_LINK_WORDS, CHIP_WORDS, NO_URLS_WORDS, PREVIEW_WORD } from '../shared/words';
import { encoderName } from '../shared/format';

export interface Chip {
  word: string;
  tone: ToneName;
}

/** The one primary button. */
export interface PrimaryAction {
  word: string;
  does: 'start' | 'stop' | 'nothing';
}

/** What fills the program area. */
export type Stage =
  /** Nothing runs; the source can be chosen. */
  | 'ready'
  /** An encoder is awaited: how to connect it. */
  | 'connect'
  /** Something else is awaited: words and the time left. */
  | 'waiting'
  | 'player'
  /** The picture goes elsewhere: where to, and what is known of it. */
  | 'unmanaged'
  | 'stopping'
  | 'ended'
  | 'failed';

export interface LiveView {
  title: string;
  chip: Chip;
  action: PrimaryAction;
  stage: Stage;
  sourceCable: CableState;
  /** An encoder keeps trying although the stream was stopped. */
  shutOut: boolean;
  /** True while addresses can be handed out. */
  playable: boolean;
  /** Why there are none, while there are none. */
  noUrls: string;
  /** Milliseconds to show as elapsed time; null when there is no such time. */
  elapsedMs: number | null;
}

/** True while a stream runs, in whatever phase. */
export function isRunning(session: SessionView): boolean {
  return session.phase !== 'idle' && session.phase !== 'ended';
}

/** True before anything was ever streamed here, as far as the session can tell. */
export function isUntouched(session: SessionView): boolean {
  return session.phase === 'idle' && session.streamId === null;
}

export function liveView(
  session: SessionView,
  ingest: IngestView,
  chosen: CameraLink,
  nowMs: number,
  /** The stream plays here, and its destinations are all switched off. */
  preview = false,
): LiveView {
  const parts = phaseView(session, ingest, preview);
  return {
    title: title(session, ingest, chosen),
    playable: session.state === 'active' && session.urls !== null,
    noUrls: noUrls(session),
    shutOut: ingest.heldOff && !isRunning(session),
    elapsedMs: elapsedMs(session, nowMs),
    ...parts,
  };
}

function phaseView(
  session: SessionView,
  ingest: IngestView,
  preview: boolean,
): Pick<LiveView, 'chip' | 'action' | 'stage' | 'sourceCable'> {
  const stop: PrimaryAction = { word: ACTION_WORDS.stop, does: 'stop' };
  const start: PrimaryAction = { word: ACTION_WORDS.start, does: 'start' };
  if (session.delivery === 'unmanaged' && isRunning(session) && session.phase !== 'stopping') {
    return { chip: unmanagedChip(session), action: stop, stage: 'unmanaged', sourceCable: 'off' };
  }
  switch (session.phase) {
    case 'idle':
      return {
        chip: { word: CHIP_WORDS.ready, tone: 'neutral' },
        action: start,
        stage: 'ready',
        sourceCable: ingest.heldOff ? 'held' : 'off',
      };
    case 'awaiting_camera':
    case 'awaiting_media': {
      const manual = session.cameraLink === 'manual';
      const arriving = ingest.publisher !== null;
      const word = arriving
        ? CHIP_WORDS.preparing
        : manual
          ? CHIP_WORDS.waitingForEncoder
          : session.phase === 'awaiting_camera'
            ? session.cameraLink === 'hub' || session.cameraLink === 'cloud'
              ? CHIP_WORDS.startingGlasses
              : CHIP_WORDS.startingCamera
            : CHIP_WORDS.preparing;
      return {
        chip: { word, tone: 'wait' },
        action: stop,
        stage: manual && !arriving ? 'connect' : 'waiting',
        sourceCable: arriving ? 'flowing' : 'waiting',
      };
    }
    case 'live':
      return {
        chip: preview ? { word: PREVIEW_WORD, tone: 'ok' } : { word: CHIP_WORDS.live, tone: 'live' },
        action: stop,
        stage: 'player',
        sourceCable: 'flowing',
      };
    case 'interrupted':
      return {
        chip: { word: CHIP_WORDS.interrupted, tone: 'warn' },
        action: stop,
        // MentraOS has not said again where it plays.
        stage: session.urls === null ? 'waiting' : 'player',
        sourceCable: 'held',
      };
    case 'stopping':
      return {
        chip: { word: CHIP_WORDS.stopping, tone: 'neutral' },
        action: { word: ACTION_WORDS.stopping, does: 'nothing' },
        stage: 'stopping',
        sourceCable: 'off',
      };
    case 'ended': {
      const failed = session.state === 'error';
      return {
        chip: failed
          ? { word: CHIP_WORDS.failed, tone: 'error' }
          : { word: CHIP_WORDS.ended, tone: 'neutral' },
        action: failed ? { word: ACTION_WORDS.tryAgain, does: 'start' } : start,
        stage: failed ? 'failed' : 'ended',
        sourceCable: failed ? 'failed' : ingest.heldOff ? 'held' : 'off',
      };
    }
  }
}

/** What the glasses say of the far side is all that is known. */
function unmanagedChip({ phase }: SessionView): Chip {
  if (phase === 'live') return { word: CHIP_WORDS.live, tone: 'live' };
  if (phase === 'interrupted') return { word: CHIP_WORDS.interrupted, tone: 'warn' };
  const word = phase === 'awaiting_camera' ? CHIP_WORDS.startingGlasses : CHIP_WORDS.connecting;
  return { word, tone: 'wait' };
}

function title(session: SessionView, ingest: IngestView, chosen: CameraLink): string {
  if (!isRunning(session)) return CAMERA_LINK_WORDS[chosen];
  if (session.cameraLink === 'manual' && ingest.publisher !== null)
    return encoderName(ingest.publisher.encoder);
  return CAMERA_LINK_WORDS[session.cameraLink ?? chosen];
}

function noUrls(session: SessionView): string {
  if (session.phase === 'stopping') return NO_URLS_WORDS.stopping;
  if (session.delivery === 'unmanaged' && isRunning(session)) return NO_URLS_WORDS.unmanaged;
  return isRunning(session) ? NO_URLS_WORDS.waiting : NO_URLS_WORDS.off;
}

function elapsedMs(session: SessionView, nowMs: number): number | null {
  const from = session.liveSinceMs ?? session.startedAtMs;
  if (from === null || session.phase === 'idle') return null;
  return Math.max(0, (session.endedAtMs ?? nowMs) - from);
}
