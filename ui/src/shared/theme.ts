// The chosen colours, put on the document.

export type ThemeName = 'system' | 'dark' | 'light';

const KEY = 'stream-console.theme';

/** The colours to use now. Dark is the product's own; the system is asked only when the user said so. */
export function resolveTheme(chosen: ThemeName, systemIsLight: boolean): 'dark' | 'light' {
  if (chosen === 'system') return systemIsLight ? 'light' : 'dark';
  return chosen;
}

/** Applies a theme, follows the system if asked to, and remembers it for the next first frame. Returns the way to stop. */
export function applyTheme(chosen: ThemeName): () => void {
  const system = matchMedia('(prefers-color-scheme: light)');
  const apply = () => {
    document.documentElement.dataset.theme = resolveTheme(chosen, system.matches);
  };
  apply();
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // Storage may be switched off; the first frame is then dark.
  }
  system.addEventListener('change', apply);
  return () => system.removeEventListener('change', apply);
}

/** The theme of the last visit, so that the first frame does not flash. */
export function rememberedTheme(fallback: ThemeName): ThemeName {
  try {
    const found = localStorage.getItem(KEY);
    return found === 'system' || found === 'dark' || found === 'light' ? found : fallback;
  } catch {
    return fallback;
  }
}
