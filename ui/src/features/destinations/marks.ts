// The mark of a kind of destination: letters, a colour and an outline of our own.
export interface PresetMark {
  letters: string;
  /** Carries white letters with 4.5:1 or more. */
  colour: string;
  shape: 'square' | 'round' | 'leaf' | 'tag';
}

const KNOWN: Record<string, PresetMark> = {
  youtube: { letters: 'Yt', colour: '#b3312a', shape: 'square' },
  twitch: { letters: 'Tw', colour: '#6b47b8', shape: 'leaf' },
  facebook: { letters: 'Fb', colour: '#2f5fae', shape: 'round' },
  kick: { letters: 'Ki', colour: '#2c6e3f', shape: 'tag' },
  x: { letters: 'X', colour: '#4a5361', shape: 'square' },
  tiktok: { letters: 'Tt', colour: '#87325c', shape: 'round' },
  instagram: { letters: 'Ig', colour: '#9c4068', shape: 'leaf' },
  console: { letters: 'Sc', colour: '#2c6d7c', shape: 'tag' },
};

/** A kind without a mark of its own takes the first two letters of the destination's name. */
export function markOf(preset: string, name: string): PresetMark {
  const known = KNOWN[preset];
  if (known !== undefined) return known;
  const letters = [...name.replace(/[^\p{L}\p{N}]/gu, '')].slice(0, 2);
  const [first = '?', second = ''] = letters;
  return { letters: first.toUpperCase() + second.toLowerCase(), colour: '#476583', shape: 'square' };
}
