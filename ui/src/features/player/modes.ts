// Full screen and picture in picture. A browser that refuses either leaves the picture where it is.

export function toggleFull(frame: Element): void {
  if (document.fullscreenElement === null) void frame.requestFullscreen?.().catch(() => undefined);
  else void document.exitFullscreen();
}

export function togglePip(video: HTMLVideoElement | null): void {
  if (document.pictureInPictureElement === null) {
    void video?.requestPictureInPicture?.().catch(() => undefined);
  } else {
    void document.exitPictureInPicture();
  }
}

/** Where picture in picture goes on when `old` gives way to `next`; allowed without a gesture while the old picture still is one. */
export function handOverPip(old: HTMLVideoElement | null, next: HTMLVideoElement): void {
  if (old === null || old === next || document.pictureInPictureElement !== old) return;
  void next.requestPictureInPicture?.().catch(() => undefined);
}
