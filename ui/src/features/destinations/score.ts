// A score in words.
import type { ToneName } from '../../shared/words';

/** `score` from 0 to 100. */
export function scoreWords(score: number): { word: string; tone: ToneName } {
  if (score >= 90) return { word: 'Good', tone: 'ok' };
  if (score >= 60) return { word: 'Can be better', tone: 'warn' };
  return { word: 'Needs fixing', tone: 'error' };
}
