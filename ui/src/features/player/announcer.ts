// What a screen reader is told of changes that nobody asked for: another way of playing, and why.
import { WAY_WORDS } from '../../shared/words';
import { WAYS, type Way, type Ways } from './ways';

/** No more often than this: a player that cannot make up its mind talks nobody down. */
export const SAY_EVERY_MS = 4000;

export class Announcer {
  /** The way that the listener believes to be playing; the first one is no news. */
  #told: Way | null = null;
  /** What was told of ways that refused. */
  #reasons: Partial<Record<Way, string>> = {};
  #saidMs = -Infinity;

  /** What to say now; null for nothing. To be asked again and again: what comes too soon is said later, if it still holds. */
  look({ shown, wish, refused }: Pick<Ways, 'shown' | 'wish' | 'refused'>, nowMs: number): string | null {
    if (shown === null || shown.pictureAtMs === null || nowMs - this.#saidMs < SAY_EVERY_MS) return null;
    const { way } = shown;
    const from = this.#told;
    this.#told = way;
    // It plays after all; should it refuse once more, that is news.
    delete this.#reasons[way];

    const reasons = WAYS.flatMap((one) => {
      const reason = refused[one];
      if (reason === undefined || reason === this.#reasons[one]) return [];
      this.#reasons[one] = reason;
      return [reason];
    });
    const changed = from !== null && from !== way;
    const now = `Now playing by ${WAY_WORDS[way].name}`;
    const said = [...reasons];
    // The viewer's own choice is no news either.
    if (changed && wish !== way) {
      const fell = WAYS.indexOf(way) > WAYS.indexOf(from) && reasons.length === 0;
      said.push(fell ? `${now}: ${WAY_WORDS[from].name} did not play.` : `${now}.`);
    }
    if (said.length === 0) return null;
    this.#saidMs = nowMs;
    return said.join(' ');
  }
}
