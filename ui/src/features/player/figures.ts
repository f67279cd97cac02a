// What the details say of the picture on screen.

export interface Figures {
  width: number | null;
  height: number | null;
  fps: number | null;
  /** Since the element was first looked at: what it dropped while nobody looked says nothing of the stream. */
  droppedFrames: number | null;
}

/** A new element is counted from so long after it was first looked at: it catches up at first. */
const SETTLED_MS = 900;

interface Count {
  atMs: number;
  frames: number;
}

/** Counts pictures on one element; a new element begins anew. */
export class FrameCount {
  #last: Count | null = null;
  #video: HTMLVideoElement | null = null;
  #droppedBefore = 0;
  #sinceMs = 0;

  read(video: HTMLVideoElement, nowMs: number): Figures {
    const quality = video.getVideoPlaybackQuality?.();
    const size = video.videoWidth > 0;
    if (this.#video !== video) this.#sinceMs = nowMs;
    const settled = this.#last !== null && this.#last.atMs - this.#sinceMs >= SETTLED_MS;
    const before = this.#video === video && settled ? this.#last : null;
    const frames = quality?.totalVideoFrames ?? 0;
    const dropped = quality?.droppedVideoFrames ?? 0;
    if (this.#video !== video || dropped < this.#droppedBefore) this.#droppedBefore = dropped;
    this.#video = video;
    this.#last = { atMs: nowMs, frames };
    return {
      width: size ? video.videoWidth : null,
      height: size ? video.videoHeight : null,
      fps: quality === undefined ? null : rate(before, this.#last),
      droppedFrames: quality === undefined ? null : dropped - this.#droppedBefore,
    };
  }
}

/** Null without two counts, and when the counter began anew between them. */
function rate(before: Count | null, now: Count): number | null {
  if (before === null || now.atMs <= before.atMs || now.frames < before.frames) return null;
  return ((now.frames - before.frames) * 1000) / (now.atMs - before.atMs);
}
