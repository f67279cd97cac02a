// What cards, chips and sentences say of apps and glasses, as data. Pure.
import type { AppView, GlassesView, HubView, SessionView } from '../host/generated';
import { bitrate, frameRate } from '../shared/format';
import { APP_WORDS, GLASSES_LINK_WORDS } from '../shared/words';

/** Below this a battery that is not being charged deserves a warning. */
export const LOW_BATTERY_PERCENT = 20;

/** Glasses are there and take commands. */
export function glassesReady({ glasses }: HubView): boolean {
  return glasses?.link === 'connected';
}

export function isLow({ batteryPercent, charging }: GlassesView): boolean {
  return batteryPercent !== null && batteryPercent < LOW_BATTERY_PERCENT && charging !== true;
}

/** Why the glasses cannot be chosen as a source; null when they can. */
export function noGlasses({ glasses }: HubView): string | null {
  if (glasses === null) return 'No glasses are connected.';
  if (glasses.link === 'phone_only') return 'The phone is connected, its glasses are not.';
  if (glasses.link === 'away') return 'The glasses are away. They may come back by themselves.';
  return null;
}

/** `Mentra Live, battery 64 %`. */
export function glassesLine({ model, batteryPercent }: GlassesView): string {
  return batteryPercent === null ? model : `${model}, battery ${batteryPercent} %`;
}

/** What the glasses say they send; null while they say nothing. */
export function claimed({ claimedBitrateBps, claimedFps }: GlassesView): string | null {
  const parts = [
    ...(claimedBitrateBps === null ? [] : [bitrate(claimedBitrateBps)]),
    ...(claimedFps === null ? [] : [frameRate(claimedFps)]),
  ];
  return parts.length === 0 ? null : parts.join(', ');
}

/** `A`, `A and B`, `A, B and C`. */
export function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}

/** Who started the stream and who joined it: `Started by Camera Demo. Joined: Second App (away).` */
export function whoHolds({ apps, startedBy }: SessionView, known: readonly AppView[]): string {
  const named = apps.map((one) => ({ ...one, words: one.away ? `${one.name} (away)` : one.name }));
  const starter = named.find((one) => one.part === 'started');
  const left =
    startedBy === null ? null : (known.find((one) => one.packageName === startedBy)?.name ?? startedBy);
  const first =
    starter !== undefined
      ? `Started by ${starter.words}.`
      : left === null
        ? 'Started here.'
        : `Started by ${left}, which has left.`;
  const joined = named.filter((one) => one.part === 'joined').map((one) => one.words);
  return joined.length === 0 ? first : `${first} Joined: ${joined.join(', ')}.`;
}

/** What Stop does to others; null when there are none. */
export function stopsFor({ apps }: SessionView): string | null {
  return apps.length === 0 ? null : `Stop ends it for ${listed(apps.map((one) => one.name))}, too.`;
}

/** Name of the app that named a destination, whichever way the console tells it. */
export function nameOf(apps: readonly AppView[], addedBy: string): string {
  return apps.find((one) => one.packageName === addedBy)?.name ?? addedBy;
}

/** An app waits for the user's yes or no. */
export function anyAsks(apps: readonly AppView[]): boolean {
  return apps.some((one) => one.asksFrom !== null);
}

/** What to read out when apps changed state, or one asks to be let in. */
export function appChanges(before: readonly AppView[], now: readonly AppView[]): string {
  const known = new Map(before.map((one) => [one.packageName, one]));
  return now
    .flatMap((one) => {
      const was = known.get(one.packageName);
      if (was === undefined) return [];
      return [
        ...(was.state === one.state ? [] : [`${one.name}: ${APP_WORDS[one.state]}`]),
        ...(one.asksFrom === null || was.asksFrom === one.asksFrom
          ? []
          : [`${one.name} asks to connect from ${one.asksFrom}`]),
      ];
    })
    .join('. ');
}

/** What to read out when the glasses came, went or run low. */
export function glassesChange(before: GlassesView | null, now: GlassesView | null): string {
  if (now === null) return '';
  if (before?.link !== now.link) return `${now.model}: ${GLASSES_LINK_WORDS[now.link]}`;
  return isLow(now) && !isLow(before) ? `Battery of the glasses low: ${now.batteryPercent} %` : '';
}
