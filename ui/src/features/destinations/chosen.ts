// Which destinations went live together last time, remembered in this browser. Storage may be switched off.
const KEY = 'stream-console.go-live';

/** The remembered ids that still exist; all of them before the first time or when none is left. */
export function rememberedChoice(ids: readonly string[]): string[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? 'null');
    const kept = Array.isArray(found) ? ids.filter((id) => found.includes(id)) : [];
    return kept.length > 0 ? kept : [...ids];
  } catch {
    return [...ids];
  }
}

export function rememberChoice(ids: readonly string[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(ids));
  } catch {
    // Not remembered.
  }
}
