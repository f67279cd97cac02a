// Generated from src-tauri/crates/console/src/api.rs by `cargo xtask types`. Do not edit.

export type Snapshot = { 
/**
 * Sequence number of the last event already contained in this snapshot.
 */
seq: number, 
/**
 * The program itself.
 */
app: AppInfo, 
/**
 * The current streaming session, or the last one if nothing runs.
 */
session: SessionView, 
/**
 * Where an encoder sends its picture, and who is sending.
 */
ingest: IngestView, 
/**
 * Measured facts of the arriving signal; null while none arrives.
 */
signal: SignalView | null, 
/**
 * One sample a second of the current stream, oldest first, at most ten minutes of them.
 */
samples: Array<Sample>, 
/**
 * State changes of the current stream, oldest first.
 */
marks: Array<Mark>, 
/**
 * What the user has chosen.
 */
settings: SettingsView, };

export type AppInfo = { 
/**
 * Version of the program, for example `0.1.0`.
 */
version: string, 
/**
 * Folder holding history, settings and logs.
 */
dataDir: string, 
/**
 * The newest log file.
 */
logFile: string, };

export type StatusWord = "initializing" | "preparing" | "active" | "stopping" | "stopped" | "error";

export type Phase = "idle" | "awaiting_camera" | "awaiting_media" | "live" | "interrupted" | "stopping" | "ended";

export type CameraLink = "manual" | "demo";

export type Quality = "720p" | "1080p";

export type SessionView = { 
/**
 * MentraOS status word.
 */
state: StatusWord, 
/**
 * Exact state of the session machine.
 */
phase: Phase, 
/**
 * Id of the running or last stream; null before the first.
 */
streamId: string | null, 
/**
 * How the camera is reached; null before the first stream.
 */
cameraLink: CameraLink | null, 
/**
 * Quality asked for.
 */
quality: Quality, 
/**
 * Whether WebRTC playback was asked for.
 */
enableWebrtc: boolean, 
/**
 * When the stream was started.
 */
startedAtMs: number | null, 
/**
 * When it first became playable.
 */
liveSinceMs: number | null, 
/**
 * When media stopped arriving; null unless interrupted.
 */
interruptedSinceMs: number | null, 
/**
 * When the current phase gives up by itself (grace over, deadline); null when it waits without limit.
 */
givesUpAtMs: number | null, 
/**
 * When it ended.
 */
endedAtMs: number | null, 
/**
 * What there is to say in words: what is awaited, what went wrong, what to do.
 */
message: Message | null, 
/**
 * Playback URLs; null unless the status is `active`.
 */
urls: PlaybackUrls | null, 
/**
 * Distinct players that fetched a playlist within the last 10 s, the console's own preview not counted.
 */
viewers: number, };

export type Message = { 
/**
 * How serious it is.
 */
tone: Tone, 
/**
 * What is so.
 */
text: string, 
/**
 * What to do about it; null when nothing needs doing.
 */
nextStep: string | null, };

export type Tone = "info" | "warning" | "error";

export type PlaybackUrls = { 
/**
 * HLS multivariant playlist, low-latency capable.
 */
hls: string, 
/**
 * DASH manifest.
 */
dash: string, 
/**
 * WHEP endpoint; absent unless WebRTC was asked for and can be served.
 */
webrtc?: string, 
/**
 * Watch page.
 */
preview: string, 
/**
 * JPEG of the newest keyframe.
 */
thumbnail: string, };

export type IngestView = { 
/**
 * Complete RTMP URL including the key. Shown to the user on request; never logged.
 */
publishUrl: string, 
/**
 * Server part as OBS asks for it, for example `rtmp://127.0.0.1:1935/live`.
 */
server: string, 
/**
 * Stream key as OBS asks for it.
 */
streamKey: string, 
/**
 * The same server part at each address of this computer on the network; empty unless LAN access is on.
 */
lanServers: Array<string>, 
/**
 * Set when a wanted port was taken and the next free one is used instead.
 */
movedPorts: Array<MovedPort>, 
/**
 * Who is sending now.
 */
publisher: PublisherView | null, 
/**
 * An encoder keeps trying although the stream was stopped here: starting again lets it in.
 */
heldOff: boolean, };

export type MovedPort = { 
/**
 * `RTMP` or `HTTP`.
 */
listener: string, 
/**
 * The port asked for.
 */
wanted: number, 
/**
 * The port in use.
 */
actual: number, };

export type PublisherView = { 
/**
 * Network address it sends from, or `demo camera`.
 */
address: string, 
/**
 * What it calls itself, for example `FMLE/3.0 (compatible; FMSc/1.0)` or `Lavf59.27.100`; may be empty.
 */
encoder: string, 
/**
 * When it connected.
 */
sinceMs: number, };

export type SignalView = { 
/**
 * Video and audio payload, averaged over the last 2 s.
 */
bitrateBps: number, 
/**
 * Frames a second over the last 2 s.
 */
fps: number, 
/**
 * Distance of the last two keyframes; null until two arrived.
 */
keyframeIntervalMs: number | null, 
/**
 * Picture width in pixels, from the SPS.
 */
width: number | null, 
/**
 * Picture height in pixels, from the SPS.
 */
height: number | null, 
/**
 * RFC 6381 codec string, for example `avc1.64001f`.
 */
videoCodec: string | null, 
/**
 * RFC 6381 codec string, for example `mp4a.40.2`.
 */
audioCodec: string | null, 
/**
 * Audio channels.
 */
audioChannels: number | null, 
/**
 * Audio sample rate.
 */
audioSampleRateHz: number | null, 
/**
 * Frames the encoder reordered (B-frames); such streams cannot be shown over WebRTC.
 */
hasBFrames: boolean, 
/**
 * Units dropped by repair since the stream started.
 */
droppedUnits: number, 
/**
 * Smoothed deviation of arrival from timestamps (RFC 3550 s6.4.1), milliseconds.
 */
jitterMs: number, 
/**
 * How far audio timestamps run ahead of video's at arrival (negative: behind), milliseconds.
 */
avSkewMs: number, 
/**
 * Plain-language findings about the signal, most important first.
 */
hints: Array<Message>, };

export type Sample = { 
/**
 * When.
 */
atMs: number, 
/**
 * Payload bitrate.
 */
bitrateBps: number, 
/**
 * Frames a second.
 */
fps: number, 
/**
 * Players, as in [`SessionView::viewers`].
 */
viewers: number, };

export type Mark = { 
/**
 * When.
 */
atMs: number, 
/**
 * The phase entered.
 */
phase: Phase, 
/**
 * What happened, in words.
 */
text: string, };

export type SettingsView = { 
/**
 * Stored choices.
 */
chosen: Settings, 
/**
 * True when a stored network choice differs from what runs now.
 */
restartNeeded: boolean, };

export type Settings = { 
/**
 * Port encoders publish to; 0 = any free port.
 */
rtmpPort: number, 
/**
 * Port players fetch from; 0 = any free port.
 */
httpPort: number, 
/**
 * Listen on every network interface instead of this computer alone.
 */
lanAccess: boolean, 
/**
 * How long URLs are held after media stopped, 0 to 1800 s.
 */
graceS: number, 
/**
 * An encoder that connects with the right key starts a stream by itself.
 */
startOnPublish: boolean, 
/**
 * Colours.
 */
theme: Theme, };

export type Theme = "system" | "dark" | "light";

export type StartManaged = { 
/**
 * Quality asked of the camera; default `720p`.
 */
quality?: Quality, 
/**
 * Ask for WebRTC playback; default false.
 */
enableWebrtc?: boolean, 
/**
 * How the camera is reached; default `manual`.
 */
cameraLink?: CameraLink, };

export type Started = { 
/**
 * Id of the stream.
 */
streamId: string, 
/**
 * True when a stream was already running and this request joined it.
 */
joined: boolean, };

export type ListStreams = { 
/**
 * Only streams started before this time; default: no bound.
 */
beforeMs?: number, 
/**
 * At most this many, newest first; default 50, at most 200.
 */
limit?: number, };

export type OneStream = { 
/**
 * Id of the stream.
 */
streamId: string, };

export type StreamSummary = { 
/**
 * Id of the stream.
 */
streamId: string, 
/**
 * How the camera was reached.
 */
cameraLink: CameraLink, 
/**
 * When it was started.
 */
startedAtMs: number, 
/**
 * When it first became playable; null if never.
 */
liveSinceMs: number | null, 
/**
 * When it ended; null while it runs.
 */
endedAtMs: number | null, 
/**
 * Phase it is in or ended with.
 */
phase: Phase, 
/**
 * Why it ended, in words; null while it runs.
 */
endReason: string | null, 
/**
 * True when it ended by failure rather than by a stop.
 */
failed: boolean, 
/**
 * Number of interruptions.
 */
interruptions: number, 
/**
 * Most players at once.
 */
peakViewers: number, 
/**
 * Mean bitrate over its samples.
 */
meanBitrateBps: number, };

export type StreamDetail = { 
/**
 * The line of the list.
 */
summary: StreamSummary, 
/**
 * Every state change, oldest first.
 */
marks: Array<Mark>, 
/**
 * Samples, oldest first: 1 Hz while it ran, thinned once it ended.
 */
samples: Array<Sample>, };

export type Event = { 
/**
 * Grows by one with each event; an event not greater than the snapshot's `seq` is old.
 */
seq: number, } & ({ "kind": "session", 
/**
 * The new slice.
 */
session: SessionView, } | { "kind": "ingest", 
/**
 * The new slice.
 */
ingest: IngestView, } | { "kind": "signal", 
/**
 * The new slice; null when no signal arrives.
 */
signal: SignalView | null, } | { "kind": "sample", 
/**
 * The sample.
 */
sample: Sample, } | { "kind": "mark", 
/**
 * The mark.
 */
mark: Mark, } | { "kind": "history" } | { "kind": "settings", 
/**
 * The new slice.
 */
settings: SettingsView, });

export type Change = { "kind": "session", 
/**
 * The new slice.
 */
session: SessionView, } | { "kind": "ingest", 
/**
 * The new slice.
 */
ingest: IngestView, } | { "kind": "signal", 
/**
 * The new slice; null when no signal arrives.
 */
signal: SignalView | null, } | { "kind": "sample", 
/**
 * The sample.
 */
sample: Sample, } | { "kind": "mark", 
/**
 * The mark.
 */
mark: Mark, } | { "kind": "history" } | { "kind": "settings", 
/**
 * The new slice.
 */
settings: SettingsView, };

export type ApiError = { 
/**
 * What a program may act on.
 */
code: Code, 
/**
 * What a person reads.
 */
message: string, 
/**
 * What to do; null when nothing helps.
 */
nextStep: string | null, };

export type Code = "invalid_request" | "unauthorized" | "not_found" | "busy" | "storage" | "internal";

/** Argument and answer of every command. */
export type Commands = {
  snapshot: { argument: null; answer: Snapshot };
  start_managed: { argument: StartManaged; answer: Started };
  stop_stream: { argument: null; answer: null };
  list_streams: { argument: ListStreams; answer: Array<StreamSummary> };
  stream_detail: { argument: OneStream; answer: StreamDetail };
  delete_stream: { argument: OneStream; answer: null };
  update_settings: { argument: Settings; answer: SettingsView };
  new_stream_key: { argument: null; answer: null };
};
