// What every way of playing has in common: what can be asked of it and what it tells.
import type { Report } from './watchdog';

export interface Playback {
  /** Goes on playing, at the live edge. */
  jumpToLive(): void;
  /** Stops the picture until `jumpToLive`, also across failures. */
  pause(): void;
  /** Media is known to be missing (true) or expected again (false). */
  hold(held: boolean): void;
  destroy(): void;
}

/** Who listens to a playback. */
export interface Ear {
  /** About once a second. */
  report(report: Report): void;
  /** The picture (or, without one, the sound) went on; its distance to the camera in seconds, null while unknown. */
  moved(behindS: number | null): void;
  /** This way cannot be had for this stream; words for people. */
  refused(words: string): void;
  /** This attempt is over. */
  failed(): void;
  /** The browser wants a gesture before it plays sound. */
  denied(): void;
}

/** `HTMLMediaElement.HAVE_CURRENT_DATA`: there is a picture at the playing position. */
export const HAVE_PICTURE = 2;

/** Asks the element to play and tells when it may not do so with sound. */
export async function play(video: HTMLVideoElement, ear: Pick<Ear, 'denied'>): Promise<void> {
  try {
    await video.play();
  } catch (error) {
    // Others mean that the source changed meanwhile, and whoever changed it plays again.
    if (error instanceof DOMException && error.name === 'NotAllowedError' && !video.muted) ear.denied();
  }
}

/** Calls `moved` when the element's time goes on by playing. Returns how to stop that. */
export function onMotion(video: HTMLVideoElement, moved: () => void): () => void {
  let lastS: number | null = null;
  const look = () => {
    const nowS = video.currentTime;
    // A step over more than this is a seek.
    const plays = lastS !== null && nowS > lastS && nowS - lastS < 2;
    lastS = nowS;
    if (plays && !video.seeking && video.readyState >= HAVE_PICTURE) moved();
  };
  video.addEventListener('timeupdate', look);
  return () => video.removeEventListener('timeupdate', look);
}
