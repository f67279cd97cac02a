// A secret does not stay in the clipboard.

/** How long a copied stream key can be pasted. */
export const SECRET_IN_CLIPBOARD_MS = 60_000;

export interface Clipboard {
  /** Only the page in front may use it, as in a browser. */
  needsFocus: boolean;
  write(text: string): Promise<void>;
  /** Null where it may not be read, or holds no text. */
  read(): Promise<string | null>;
}

let timer: ReturnType<typeof setTimeout> | undefined;

/** Copies `secret` and forgets it later; resolves to whether it will be forgotten. */
export async function copyAndForget(secret: string, clipboard: Clipboard): Promise<boolean> {
  await clipboard.write(secret);
  clearTimeout(timer);
  if ((await clipboard.read()) !== secret) return false;
  const clear = () => forget(secret, clipboard);
  timer = setTimeout(() => void (clipboard.needsFocus ? whenSeen(clear) : clear()), SECRET_IN_CLIPBOARD_MS);
  return true;
}

async function forget(secret: string, clipboard: Clipboard): Promise<void> {
  try {
    if ((await clipboard.read()) === secret) await clipboard.write('');
  } catch {
    // Taken by another program at this moment: then it no longer holds the secret.
  }
}

/** Does it now, or once the user is back at this page. */
function whenSeen(work: () => Promise<void>): void {
  if (document.hasFocus()) void work();
  else window.addEventListener('focus', () => void work(), { once: true });
}
