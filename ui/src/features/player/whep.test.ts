import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Playback } from './ear';
import { listener } from './testing';
import { hasWebRtc, LOOK_MS, playWhep, withStereo } from './whep';

const WHEP = 'http://h:1/k/whep?viewer=preview';
const OFFER = 'v=0\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n';

class FakePeer {
  static all: FakePeer[] = [];
  transceivers: { kind: string; direction: string; codecs: string[] | null }[] = [];
  connectionState = 'new';
  local: { sdp: string } | null = null;
  remote: { sdp: string } | null = null;
  closed = false;
  frames = 0;
  ontrack: ((event: unknown) => void) | null = null;
  onconnectionstatechange: (() => void) | null = null;
  constructor() {
    FakePeer.all.push(this);
  }
  addTransceiver(kind: string, { direction }: { direction: string }) {
    const made = { kind, direction, codecs: null as string[] | null };
    this.transceivers.push(made);
    return {
      setCodecPreferences: (codecs: { mimeType: string }[]) =>
        (made.codecs = codecs.map((codec) => codec.mimeType)),
    };
  }
  async createOffer() {
    return { sdp: OFFER };
  }
  async setLocalDescription(description: { sdp: string }) {
    this.local = description;
  }
  async setRemoteDescription(description: { sdp: string }) {
    this.remote = description;
  }
  async getStats() {
    const stat = {
      type: 'inbound-rtp',
      kind: 'video',
      framesDecoded: this.frames,
      packetsLost: 2,
      jitterBufferDelay: this.frames * 0.1,
      jitterBufferEmittedCount: this.frames,
    };
    return new Map([['v', stat]]);
  }
  become(state: string) {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
  close() {
    this.closed = true;
  }
}

const fetched = vi.fn<(url: string, init: RequestInit) => Promise<Response>>();
const answers = (status: number, text: string, headers: Record<string, string> = {}) =>
  fetched.mockImplementationOnce(async () => new Response(text, { status, headers }));

const clock = { nowMs: () => 0, known: () => false, hint: () => undefined };
let video: HTMLVideoElement;
let ear: ReturnType<typeof listener>;
let playback: Playback | null;

beforeEach(() => {
  vi.useFakeTimers();
  FakePeer.all = [];
  fetched.mockReset();
  fetched.mockImplementation(async () => new Response('', { status: 200 }));
  vi.stubGlobal('fetch', fetched);
  vi.stubGlobal('RTCPeerConnection', FakePeer);
  vi.stubGlobal('RTCRtpReceiver', {
    getCapabilities: () => ({
      codecs: ['video/VP8', 'video/H264', 'video/AV1', 'video/rtx'].map((mimeType) => ({ mimeType })),
    }),
  });
  vi.stubGlobal(
    'MediaStream',
    class {
      addTrack = vi.fn();
    },
  );
  video = document.createElement('video');
  Object.assign(video, { play: async () => undefined, pause: vi.fn() });
  Object.defineProperty(video, 'srcObject', { value: null, writable: true });
  Object.defineProperty(video, 'paused', { value: false });
  ear = listener();
  playback = null;
});

afterEach(() => {
  playback?.destroy();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const start = async () => {
  playback = playWhep(video, WHEP, ear, clock);
  await vi.advanceTimersByTimeAsync(0);
};
const peer = () => FakePeer.all.at(-1) ?? expect.fail('no connection');
const posts = () => fetched.mock.calls.filter(([, init]) => init.method === 'POST');
const deletes = () => fetched.mock.calls.filter(([, init]) => init.method === 'DELETE');

test('offers to receive H.264 and sound, and takes the answer', async () => {
  answers(201, 'answer', { location: '/k/whep/s1' });
  await start();
  expect(peer().transceivers).toEqual([
    { kind: 'video', direction: 'recvonly', codecs: ['video/H264', 'video/rtx'] },
    { kind: 'audio', direction: 'recvonly', codecs: null },
  ]);
  const [url, init] = posts()[0] ?? [];
  expect([url, init?.body]).toEqual([WHEP, withStereo(OFFER)]);
  expect(init?.headers).toEqual({ 'content-type': 'application/sdp' });
  expect(peer().local?.sdp).toBe(withStereo(OFFER));
  expect(peer().remote).toEqual({ type: 'answer', sdp: 'answer' });
});

test('shows pictures as soon as they come', async () => {
  answers(201, 'answer');
  await start();
  const receiver = { jitterBufferTarget: null, playoutDelayHint: null };
  peer().ontrack?.({ track: {}, receiver });
  expect(receiver).toEqual({ jitterBufferTarget: 0, playoutDelayHint: 0 });
});

test('tells that the picture moves, how far behind it is, and what was lost', async () => {
  answers(201, 'answer');
  await start();
  await vi.advanceTimersByTimeAsync(LOOK_MS);
  expect(ear.moved).not.toHaveBeenCalled();
  peer().frames = 30;
  await vi.advanceTimersByTimeAsync(LOOK_MS);
  expect(ear.moved).toHaveBeenCalledOnce();
  expect(ear.moved.mock.calls[0]?.[0]).toBeCloseTo(0.1);
  await vi.advanceTimersByTimeAsync(LOOK_MS * 2);
  expect(ear.moved).toHaveBeenCalledOnce();
  expect(ear.report.mock.lastCall?.[0]).toMatchObject({ behindS: expect.closeTo(0.1), lostPackets: 2 });
  await vi.advanceTimersByTimeAsync(3000);
  expect(ear.report.mock.lastCall?.[0]).toMatchObject({ waiting: true, behindS: null });
});

describe('an answer that is none', () => {
  test.each([
    [404, 'WebRTC is off for this stream.'],
    [406, 'The camera sends pictures out of order (B-frames).'],
  ])('%i is refused with the server’s sentence', async (status, words) => {
    answers(status, `${words}\n`);
    await start();
    expect(ear.refused).toHaveBeenCalledExactlyOnceWith(words);
    expect(ear.failed).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(posts()).toHaveLength(1);
  });

  test('without a sentence has one of ours', async () => {
    answers(406, '');
    await start();
    expect(ear.refused).toHaveBeenCalledExactlyOnceWith('This stream cannot be played over WebRTC.');
  });

  test('409 is asked again, when the server says', async () => {
    answers(409, 'Nothing is published yet.', { 'retry-after': '2' });
    answers(409, 'Nothing is published yet.');
    answers(201, 'answer');
    await start();
    await vi.advanceTimersByTimeAsync(1999);
    expect(posts()).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(posts()).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1000);
    expect(peer().remote?.sdp).toBe('answer');
    expect([ear.failed, ear.refused].map((one) => one.mock.calls)).toEqual([[], []]);
  });

  test('503 passes: this attempt failed', async () => {
    answers(503, 'Too many viewers.');
    await start();
    expect(ear.failed).toHaveBeenCalledOnce();
    expect(ear.refused).not.toHaveBeenCalled();
  });

  test('no network: this attempt failed', async () => {
    fetched.mockRejectedValueOnce(new TypeError('refused'));
    await start();
    expect(ear.failed).toHaveBeenCalledOnce();
  });
});

test('a connection that failed is told; one that may heal is not', async () => {
  answers(201, 'answer');
  await start();
  peer().become('disconnected');
  expect(ear.failed).not.toHaveBeenCalled();
  peer().become('failed');
  expect(ear.failed).toHaveBeenCalledOnce();
});

describe('leaving', () => {
  test('ends the session, found relative to the address', async () => {
    answers(201, 'answer', { location: '/k/whep/s1' });
    await start();
    playback?.destroy();
    expect(deletes()).toEqual([['http://h:1/k/whep/s1', { method: 'DELETE', keepalive: true }]]);
    expect([peer().closed, video.srcObject]).toEqual([true, null]);
    playback?.destroy();
    expect(deletes()).toHaveLength(1);
  });

  test('also when the page goes away', async () => {
    answers(201, 'answer', { location: 'whep/s1' });
    await start();
    window.dispatchEvent(new Event('pagehide'));
    expect(deletes().map(([url]) => url)).toEqual(['http://h:1/k/whep/s1']);
  });

  test('before the answer ends the session as soon as it is known', async () => {
    let answer: (response: Response) => void = () => undefined;
    fetched.mockImplementationOnce(() => new Promise((resolve) => (answer = resolve)));
    await start();
    playback?.destroy();
    answer(new Response('answer', { status: 201, headers: { location: '/k/whep/s1' } }));
    await vi.advanceTimersByTimeAsync(0);
    expect(deletes()).toHaveLength(1);
    expect([peer().remote, ear.failed.mock.calls]).toEqual([null, []]);
  });

  test('ends the asking', async () => {
    answers(409, '');
    await start();
    playback?.destroy();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(posts()).toHaveLength(1);
  });
});

test('both channels of the sound are asked for, once', () => {
  expect(withStereo(OFFER)).toContain('a=fmtp:111 stereo=1;minptime=10;useinbandfec=1');
  expect(withStereo(withStereo(OFFER))).toBe(withStereo(OFFER));
  expect(withStereo('v=0\r\n')).toBe('v=0\r\n');
});

test('WebRTC counts only with H.264', () => {
  expect(hasWebRtc()).toBe(true);
  vi.stubGlobal('RTCRtpReceiver', { getCapabilities: () => ({ codecs: [{ mimeType: 'video/VP8' }] }) });
  expect(hasWebRtc()).toBe(false);
  vi.stubGlobal('RTCRtpReceiver', undefined);
  expect(hasWebRtc()).toBe(true);
  vi.stubGlobal('RTCPeerConnection', undefined);
  expect(hasWebRtc()).toBe(false);
});
