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
 * Where the stream is pushed to, in the user's order.
 */
destinations: Array<DestinationView>, 
/**
 * State changes of destinations during the current stream, oldest first.
 */
destinationMarks: Array<DestinationMark>, 
/**
 * Where stream keys of destinations are kept.
 */
keyPlace: KeyPlace, 
/**
 * Where apps and glasses connect, and the glasses.
 */
hub: HubView, 
/**
 * Registered apps, in the order of their names.
 */
apps: Array<AppView>, 
/**
 * What the glasses went through since the program came up, oldest first, at most 500.
 */
glassesMarks: Array<GlassesMark>, 
/**
 * The user's app at the MentraOS cloud; null unless it is set up.
 */
cloud: CloudView | null, 
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

export type CameraLink = "manual" | "demo" | "hub" | "cloud";

export type Delivery = "managed" | "unmanaged" | "cloud";

export type ManagedBy = "local" | "cloud";

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
 * Where the media goes.
 */
delivery: Delivery, 
/**
 * The endpoint of an unmanaged stream with its key masked; null otherwise.
 */
target: string | null, 
/**
 * Package name of the app that started it; null if the user or an encoder did.
 */
startedBy: string | null, 
/**
 * The user holds the stream: it goes on when the last app leaves it.
 */
heldByUser: boolean, 
/**
 * Apps in the running stream.
 */
apps: Array<StreamApp>, 
/**
 * When it ends by itself because an app set a time limit; null without one or before it is live.
 */
limitAtMs: number | null, 
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
 * Players that are there: distinct ones that fetched a playlist within the last 10 s, the console's own preview not
 * counted, and those connected by WebRTC or the live socket.
 */
viewers: number, 
/**
 * Whether the stream plays by WebRTC, and for whom.
 */
webrtc: WebRtcView, };

export type WebRtcView = { 
/**
 * Whether a viewer that comes now would see something.
 */
state: WebRtcState, 
/**
 * Viewers connected by WebRTC.
 */
viewers: number, 
/**
 * What the slowest of their connections is estimated to carry; null while none said.
 */
slowestBps: number | null, 
/**
 * The worst of their losses of the last second in percent; null while none said.
 */
worstLossPercent: number | null, 
/**
 * The longest of their round trips; null while none said.
 */
longestRoundTripMs: number | null, };

export type WebRtcState = "off" | "no_media" | "no_picture" | "b_frames" | "ready";

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
 * DASH manifest; empty if there is none.
 */
dash: string, 
/**
 * WHEP endpoint; absent unless WebRTC was asked for and can be served.
 */
webrtc?: string, 
/**
 * Watch page; empty if there is none.
 */
preview: string, 
/**
 * JPEG of the newest keyframe; empty if there is none.
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
 * Where WHIP encoders publish with the stream key as bearer token, for example `http://127.0.0.1:8935/whip`.
 */
whipServer: string, 
/**
 * The same at each address of this computer on the network; empty unless LAN access is on.
 */
whipLanServers: Array<string>, 
/**
 * Complete WHIP URL including the key, for encoders without a field for a token. Never logged.
 */
whipPublishUrl: string, 
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
 * `RTMP`, `HTTP` or `WebRTC`.
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
 * Audio payload alone, averaged over the last 2 s.
 */
audioBitrateBps: number, 
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
 * Port apps and glasses connect to; 0 = any free port.
 */
hubPort: number, 
/**
 * Port of WebRTC media, of UDP and of TCP; 0 = any free port.
 */
webrtcPort: number, 
/**
 * IP addresses at which this computer can be reached besides its own, for example that of a router that forwards the
 * WebRTC port; at most 8.
 */
webrtcAddresses: Array<string>, 
/**
 * Streams that are started in this window or by an encoder can be played by WebRTC.
 */
webrtc: boolean, 
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
 * Viewers see the last picture while none arrives, instead of a player that waits.
 */
freezePicture: boolean, 
/**
 * A new unmanaged stream replaces what runs, as in the MentraOS cloud, instead of being refused.
 */
cloudReplace: boolean, 
/**
 * Destinations stay on when a stream ends, so that the next one goes out to them by itself.
 */
keepDestinationsOn: boolean, 
/**
 * The app at the MentraOS cloud, changed by `set_cloud` and `remove_cloud` alone.
 */
cloud: CloudChoice | null, 
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
 * Ask for WebRTC playback; default false. Joining a stream it adds it, and never takes it away.
 */
enableWebrtc?: boolean, 
/**
 * How the camera is reached; default `manual`, of a stream the cloud delivers `cloud`.
 */
cameraLink?: CameraLink, 
/**
 * Who gives the playback URLs; default `local`.
 */
delivery?: ManagedBy, };

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
 * Where the media went.
 */
delivery: Delivery, 
/**
 * Names of the apps that took part.
 */
apps: Array<string>, 
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
samples: Array<Sample>, 
/**
 * State changes of its destinations, oldest first.
 */
destinationMarks: Array<DestinationMark>, 
/**
 * Apps that took part, in the order they came.
 */
apps: Array<StreamAppRecord>, 
/**
 * The endpoint of an unmanaged stream with its key masked; null otherwise.
 */
target: string | null, };

export type DestinationView = { 
/**
 * Its id.
 */
id: string, 
/**
 * What the user calls it.
 */
name: string, 
/**
 * Id of its preset, for example `twitch`; `custom` for any other RTMP(S) endpoint.
 */
preset: string, 
/**
 * Server part of its address, without a key.
 */
url: string, 
/**
 * A stream key is stored for it.
 */
hasKey: boolean, 
/**
 * The user wants it on: the stream is pushed to it while there is one.
 */
enabled: boolean, 
/**
 * State in one word.
 */
state: DestinationState, 
/**
 * How serious an error is; null unless the state is `errored`.
 */
severity: Severity | null, 
/**
 * What is so in words, and what to do.
 */
message: Message | null, 
/**
 * Attempts that failed in a row; 0 when the last one worked.
 */
failedAttempts: number, 
/**
 * When the next attempt is made; null unless the state is `retrying`.
 */
retryAtMs: number | null, 
/**
 * Since when the far side takes the stream without a break; null while it does not.
 */
broadcastingSinceMs: number | null, 
/**
 * Sent over the last 2 s.
 */
bitrateBps: number, 
/**
 * Frames and sounds left out in this broadcast because the connection was too slow.
 */
droppedUnits: number, 
/**
 * Round trip to the far side; null where the system does not tell.
 */
rttMs: number | null, 
/**
 * Ends its broadcast when the picture is away for so long; null = as long as the stream's own grace time.
 */
holdLimitS: number | null, 
/**
 * Sends to Twitch's bandwidth test: nobody sees it.
 */
bandwidthTest: boolean, 
/**
 * Name of the app that named it for the running stream: it goes with that stream. Null for the user's own.
 */
addedBy: string | null, };

export type DestinationState = "disabled" | "idle" | "starting" | "broadcasting" | "stalled" | "interrupted" | "retrying" | "errored";

export type Severity = "normal" | "fatal";

export type KeyPlace = "keychain" | "file";

export type DestinationMark = { 
/**
 * When.
 */
atMs: number, 
/**
 * Id of the destination.
 */
destinationId: string, 
/**
 * What it was called then.
 */
name: string, 
/**
 * The state entered.
 */
state: DestinationState, 
/**
 * What happened, in words.
 */
text: string, };

export type AddDestination = { 
/**
 * Id of a preset.
 */
preset: string, 
/**
 * What the user calls it; the preset's name if left out.
 */
name?: string, 
/**
 * `rtmp://` or `rtmps://` address; the preset's first one if left out.
 */
url?: string, 
/**
 * Stream key; may be empty for endpoints without one.
 */
streamKey: string, 
/**
 * See [`DestinationView::hold_limit_s`].
 */
holdLimitS?: number, 
/**
 * See [`DestinationView::bandwidth_test`].
 */
bandwidthTest?: boolean, };

export type UpdateDestination = { 
/**
 * Its id.
 */
id: string, 
/**
 * What the user calls it.
 */
name: string, 
/**
 * `rtmp://` or `rtmps://` address.
 */
url: string, 
/**
 * New stream key; the stored one stays if left out.
 */
streamKey?: string, 
/**
 * See [`DestinationView::hold_limit_s`].
 */
holdLimitS?: number, 
/**
 * See [`DestinationView::bandwidth_test`].
 */
bandwidthTest?: boolean, };

export type SetDestination = { 
/**
 * Its id.
 */
id: string, 
/**
 * On or off.
 */
enabled: boolean, };

export type OneDestination = { 
/**
 * Its id.
 */
id: string, };

export type SomeDestinations = { 
/**
 * Their ids.
 */
ids: Array<string>, };

export type Added = { 
/**
 * Id of the new destination.
 */
id: string, };

export type RevealedKey = { 
/**
 * The stream key; empty if there is none.
 */
streamKey: string, };

export type DestinationTest = { 
/**
 * It accepted the key.
 */
accepted: boolean, 
/**
 * What was found, in words.
 */
message: Message, };

export type PresetView = { 
/**
 * Its id, for example `youtube`.
 */
id: string, 
/**
 * Its name, for example `YouTube`.
 */
name: string, 
/**
 * Where it takes streams, the usual one first; empty when the user gives the address.
 */
ingests: Array<IngestPoint>, 
/**
 * The page on which it shows the key; null if there is none.
 */
keyPage: string | null, 
/**
 * How to find the key there, in a sentence.
 */
keyHint: string, 
/**
 * What to know before using it; null if nothing.
 */
note: string | null, 
/**
 * It can take a stream without showing it to anybody.
 */
hasBandwidthTest: boolean, 
/**
 * An endpoint of this kind may work without a key.
 */
keyOptional: boolean, 
/**
 * What it takes, in a line, for example `up to 6 Mb/s, 1080p60, keyframes every 2 s`.
 */
limits: string, };

export type IngestPoint = { 
/**
 * For example `Primary` or `Europe: Frankfurt`.
 */
name: string, 
/**
 * For example `rtmps://a.rtmps.youtube.com/live2`.
 */
url: string, };

export type Preflight = { 
/**
 * False when no signal arrives, so that nothing could be checked.
 */
measured: boolean, 
/**
 * Every enabled destination; all of them if none is enabled.
 */
destinations: Array<DestinationPreflight>, };

export type DestinationPreflight = { 
/**
 * Its id.
 */
id: string, 
/**
 * Its name.
 */
name: string, 
/**
 * The worst of its findings.
 */
verdict: Verdict, 
/**
 * Each thing looked at.
 */
findings: Array<Finding>, };

export type Finding = { 
/**
 * What was looked at, for example `Keyframes`.
 */
subject: string, 
/**
 * How it stands.
 */
verdict: Verdict, 
/**
 * What is so and why it matters.
 */
text: string, 
/**
 * How to fix it; null when it needs no fixing.
 */
fix: string | null, };

export type Verdict = "pass" | "warn" | "refused";

export type BroadcastCheck = { 
/**
 * 0 to 100; the worst of the parts.
 */
score: number, 
/**
 * How long it ran.
 */
seconds: number, 
/**
 * What was scored.
 */
parts: Array<CheckPart>, 
/**
 * What arrived, second by second.
 */
samples: Array<Sample>, };

export type CheckPart = { 
/**
 * For example `Bitrate`.
 */
subject: string, 
/**
 * 0 to 100.
 */
score: number, 
/**
 * What was found.
 */
text: string, 
/**
 * How to make it better; null at a full score.
 */
fix: string | null, };

export type HubView = { 
/**
 * Address on this computer, for example `http://127.0.0.1:8002`.
 */
url: string, 
/**
 * The same at each address of this computer on the network; empty unless LAN access is on.
 */
lanUrls: Array<string>, 
/**
 * Where glasses (or a phone for them) connect, with their token: a secret.
 */
glassesUrl: string, 
/**
 * The connected glasses, or those that were connected and may come back; null if there are none.
 */
glasses: GlassesView | null, 
/**
 * What the virtual glasses are set to; null while they are off.
 */
virtualGlasses: VirtualGlasses | null, };

export type GlassesView = { 
/**
 * What they call themselves, for example `Mentra Live`.
 */
model: string, 
/**
 * State of the connection.
 */
link: GlassesLink, 
/**
 * Network address they connect from.
 */
address: string, 
/**
 * When they connected.
 */
sinceMs: number, 
/**
 * Battery, 0 to 100.
 */
batteryPercent: number | null, 
/**
 * The battery is being charged.
 */
charging: boolean | null, 
/**
 * They have Wi-Fi.
 */
wifi: boolean | null, 
/**
 * Name of that Wi-Fi.
 */
wifiName: string | null, 
/**
 * What the camera last said of itself, in words; null before it said anything.
 */
camera: string | null, 
/**
 * Bitrate the glasses claim; the measured one is in the signal.
 */
claimedBitrateBps: number | null, 
/**
 * Frames a second the glasses claim.
 */
claimedFps: number | null, };

export type GlassesLink = "connected" | "phone_only" | "away";

export type GlassesMark = { 
/**
 * When.
 */
atMs: number, 
/**
 * What it is about.
 */
kind: GlassesMarkKind, 
/**
 * The battery then, 0 to 100; null unless the mark is about the battery.
 */
batteryPercent: number | null, 
/**
 * Something to worry about: the battery is low, the Wi-Fi or the connection is gone.
 */
bad: boolean, 
/**
 * What happened, in words.
 */
text: string, };

export type GlassesMarkKind = "battery" | "wifi" | "link" | "camera";

export type VirtualGlasses = { 
/**
 * Battery, 0 to 100; below 10 the camera refuses to start.
 */
batteryPercent?: number, 
/**
 * They have Wi-Fi; without it the camera refuses to start.
 */
wifi?: boolean, 
/**
 * Another program holds the camera.
 */
cameraBusy?: boolean, 
/**
 * They never answer keep-alives.
 */
silentKeepAlives?: boolean, 
/**
 * They send timestamps as odd as real encoders sometimes do.
 */
oddTimestamps?: boolean, 
/**
 * The video connection breaks every 10 s.
 */
drops?: boolean, 
/**
 * The connection to the hub breaks every 10 s.
 */
reconnects?: boolean, 
/**
 * An FLV file (H.264, AAC) to play instead of the demo clip.
 */
clip?: string, };

export type SetVirtualGlasses = { 
/**
 * What they play; null or left out switches them off.
 */
glasses?: VirtualGlasses, };

export type AppView = { 
/**
 * What the user calls it.
 */
name: string, 
/**
 * Its package name, for example `com.example.cam`.
 */
packageName: string, 
/**
 * Where it listens for webhooks, for example `http://127.0.0.1:7010`.
 */
url: string, 
/**
 * An API key is on file: only an app that presents it is let in.
 */
hasApiKey: boolean, 
/**
 * What the user lets it do.
 */
permissions: Array<AppPermission>, 
/**
 * State of the app on this hub.
 */
state: AppState, 
/**
 * What is so in words, and what to do; null while it is simply stopped.
 */
message: Message | null, 
/**
 * When it connected; null unless connected.
 */
connectedSinceMs: number | null, 
/**
 * Where it connects from; null unless connected.
 */
address: string | null, 
/**
 * Version of the SDK, if it told; `2.x` otherwise.
 */
sdkVersion: string | null, 
/**
 * What it subscribed to.
 */
subscriptions: Array<string>, 
/**
 * It may connect from another computer.
 */
lanAllowed: boolean, 
/**
 * Another computer from which it tried to connect and waits for the user's yes; null if none.
 */
asksFrom: string | null, 
/**
 * Its part in the running stream; null if it has none.
 */
part: AppPart | null, };

export type AppPermission = "CAMERA" | "MICROPHONE" | "LOCATION";

export type AppState = "stopped" | "starting" | "connected" | "away" | "failed";

export type AppPart = "started" | "joined";

export type StreamApp = { 
/**
 * Its package name.
 */
packageName: string, 
/**
 * What the user calls it.
 */
name: string, 
/**
 * Started or joined.
 */
part: AppPart, 
/**
 * Its connection is lost: it leaves the stream if it does not come back soon.
 */
away: boolean, };

export type StreamAppRecord = { 
/**
 * Its package name.
 */
packageName: string, 
/**
 * What it was called then.
 */
name: string, 
/**
 * Started or joined.
 */
part: AppPart, 
/**
 * When it came.
 */
joinedAtMs: number, 
/**
 * When it left; null while it is there.
 */
leftAtMs: number | null, };

export type AddApp = { 
/**
 * What to call it; default: its package name.
 */
name?: string, 
/**
 * Its package name, as in the app's own configuration.
 */
packageName: string, 
/**
 * Where it listens, for example `http://127.0.0.1:7010`.
 */
url: string, 
/**
 * Its API key. `add_app`: left out or empty means any key is let in from this computer. `update_app`: left out
 * keeps the one on file, empty forgets it.
 */
apiKey?: string, 
/**
 * What it may do; default: nothing.
 */
permissions?: Array<AppPermission>, };

export type OneApp = { 
/**
 * Its package name.
 */
packageName: string, };

export type AllowApp = { 
/**
 * Its package name.
 */
packageName: string, 
/**
 * Whether it may connect from other computers.
 */
allow: boolean, };

export type WantedFrames = { 
/**
 * Of which app; left out: of the glasses.
 */
packageName?: string, 
/**
 * Only those after this `seq`; default 0.
 */
after?: number, };

export type Frames = { 
/**
 * The frames.
 */
frames: Array<FrameView>, };

export type FrameView = { 
/**
 * Grows by one with each frame of the hub.
 */
seq: number, 
/**
 * When.
 */
atMs: number, 
/**
 * Which way it went.
 */
direction: FrameDirection, 
/**
 * The JSON text, secrets masked.
 */
text: string, };

export type FrameDirection = "received" | "sent" | "webhook";

export type HoldStream = { 
/**
 * The stream goes on when the last app leaves it.
 */
hold: boolean, };

export type StartUnmanaged = { 
/**
 * `rtmp://` or `rtmps://` address with its key; the glasses push straight to it.
 */
url: string, 
/**
 * Which glasses: those of the `hub`, the default, or those of the `cloud`.
 */
cameraLink?: CameraLink, };

export type CloudView = { 
/**
 * Package name of the app, as in MentraOS' developer console.
 */
packageName: string, 
/**
 * Where the webhook listens on this computer, for example `http://127.0.0.1:7010/webhook`; null while it does not.
 */
webhookUrl: string | null, 
/**
 * The address MentraOS calls from outside, as the user gave it or as the relay told it; null while unknown.
 */
publicUrl: string | null, 
/**
 * The relay; null without one.
 */
relay: RelayView | null, 
/**
 * Users whose phone runs the app, the newest first.
 */
sessions: Array<CloudSession>, 
/**
 * When MentraOS last called; null if it did not since the program came up.
 */
calledAtMs: number | null, 
/**
 * What there is to say: what is awaited, what is wrong, what to do.
 */
message: Message | null, };

export type RelayView = { 
/**
 * Its address.
 */
url: string, 
/**
 * This computer is connected to it.
 */
connected: boolean, 
/**
 * Why not; null while it is, and while it is being tried for the first time.
 */
problem: string | null, };

export type CloudSession = { 
/**
 * The cloud's name of it.
 */
sessionId: string, 
/**
 * The user's e-mail address.
 */
userId: string, 
/**
 * The connection to the cloud stands; otherwise it is being made again.
 */
connected: boolean, 
/**
 * When it was connected last.
 */
sinceMs: number, 
/**
 * The user's glasses, as far as the cloud told of them.
 */
glasses: GlassesView | null, };

export type SetCloud = { 
/**
 * Package name of the app, as in MentraOS' developer console.
 */
packageName: string, 
/**
 * Its API key; left out, the one on file is kept. A secret.
 */
apiKey?: string, 
/**
 * Port of the webhook on this computer; 0 = any free port; left out: 7010.
 */
webhookPort?: number, 
/**
 * The address of the webhook from outside, if a tunnel leads to it.
 */
publicUrl?: string, 
/**
 * Address of a relay, for example `wss://relay.example.com`.
 */
relayUrl?: string, 
/**
 * This computer's token there; left out, the one on file is kept. A secret.
 */
relayToken?: string, 
/**
 * Hosts of clouds besides MentraOS' own, for example `cloud.example.com`.
 */
clouds?: Array<string>, };

export type CloudChoice = { 
/**
 * Package name.
 */
packageName: string, 
/**
 * Port of the webhook.
 */
webhookPort: number, 
/**
 * Its address from outside.
 */
publicUrl: string | null, 
/**
 * Address of the relay.
 */
relayUrl: string | null, 
/**
 * Hosts of clouds besides MentraOS' own.
 */
clouds: Array<string>, };

export type WebhookCheck = { 
/**
 * The steps taken.
 */
steps: Array<WebhookStep>, 
/**
 * All of them were good.
 */
reachable: boolean, };

export type WebhookStep = { 
/**
 * What was tried.
 */
name: string, 
/**
 * What is wrong; null if nothing.
 */
problem: Message | null, };

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
mark: Mark, } | { "kind": "destinations", 
/**
 * The new slice.
 */
destinations: Array<DestinationView>, 
/**
 * Where their keys are kept now.
 */
keyPlace: KeyPlace, } | { "kind": "destination_mark", 
/**
 * The mark.
 */
mark: DestinationMark, } | { "kind": "hub", 
/**
 * The new slice.
 */
hub: HubView, } | { "kind": "apps", 
/**
 * The new slice.
 */
apps: Array<AppView>, } | { "kind": "glasses_mark", 
/**
 * The mark.
 */
mark: GlassesMark, } | { "kind": "cloud", 
/**
 * The new slice; null when it is not set up.
 */
cloud: CloudView | null, } | { "kind": "history" } | { "kind": "settings", 
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
mark: Mark, } | { "kind": "destinations", 
/**
 * The new slice.
 */
destinations: Array<DestinationView>, 
/**
 * Where their keys are kept now.
 */
keyPlace: KeyPlace, } | { "kind": "destination_mark", 
/**
 * The mark.
 */
mark: DestinationMark, } | { "kind": "hub", 
/**
 * The new slice.
 */
hub: HubView, } | { "kind": "apps", 
/**
 * The new slice.
 */
apps: Array<AppView>, } | { "kind": "glasses_mark", 
/**
 * The mark.
 */
mark: GlassesMark, } | { "kind": "cloud", 
/**
 * The new slice; null when it is not set up.
 */
cloud: CloudView | null, } | { "kind": "history" } | { "kind": "settings", 
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
  presets: { argument: null; answer: Array<PresetView> };
  add_destination: { argument: AddDestination; answer: Added };
  update_destination: { argument: UpdateDestination; answer: null };
  set_destination: { argument: SetDestination; answer: null };
  remove_destination: { argument: OneDestination; answer: null };
  duplicate_destination: { argument: OneDestination; answer: Added };
  order_destinations: { argument: SomeDestinations; answer: null };
  retry_destination: { argument: OneDestination; answer: null };
  test_destination: { argument: OneDestination; answer: DestinationTest };
  reveal_key: { argument: OneDestination; answer: RevealedKey };
  go_live: { argument: SomeDestinations; answer: null };
  end_broadcast: { argument: null; answer: null };
  preflight: { argument: null; answer: Preflight };
  broadcast_check: { argument: null; answer: BroadcastCheck };
  start_unmanaged: { argument: StartUnmanaged; answer: Started };
  hold_stream: { argument: HoldStream; answer: null };
  add_app: { argument: AddApp; answer: null };
  update_app: { argument: AddApp; answer: null };
  remove_app: { argument: OneApp; answer: null };
  start_app: { argument: OneApp; answer: null };
  stop_app: { argument: OneApp; answer: null };
  allow_app: { argument: AllowApp; answer: null };
  frames: { argument: WantedFrames; answer: Frames };
  set_virtual_glasses: { argument: SetVirtualGlasses; answer: null };
  new_glasses_token: { argument: null; answer: null };
  set_cloud: { argument: SetCloud; answer: null };
  remove_cloud: { argument: null; answer: null };
  check_webhook: { argument: null; answer: WebhookCheck };
};
