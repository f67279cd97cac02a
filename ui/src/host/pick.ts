// Chooses the host of this page.
import type { Host } from './host';

export async function pickHost(page: Window = window): Promise<Host> {
  if ('__TAURI_INTERNALS__' in page) return (await import('./tauri')).tauriHost();
  if (import.meta.env.DEV) {
    const scene = new URL(page.location.href).searchParams.get('fake');
    if (scene !== null) return (await import('./fake')).fakeHost(scene);
  }
  const { takeToken, webHost } = await import('./web');
  return webHost(takeToken(page));
}
