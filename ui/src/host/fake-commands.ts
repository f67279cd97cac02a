// How the scripted console answers the commands about destinations.
import { HostError } from './errors';
import * as data from './fake-destinations';
import { sampleAt } from './fake-data';
import type { Change, DestinationView, Snapshot } from './generated';
import type { ArgsOf, CommandName, ResultOf } from './host';

type DestinationCommand = Extract<
  CommandName,
  | 'presets'
  | `${string}_destination`
  | 'order_destinations'
  | 'reveal_key'
  | 'go_live'
  | 'end_broadcast'
  | 'preflight'
  | 'broadcast_check'
>;

type Answers = {
  [C in DestinationCommand]: (...args: ArgsOf<C>) => ResultOf<C> | Promise<ResultOf<C>>;
};

/** A key for every scripted destination, so that a leak of one is found by searching for it. */
export const FAKE_KEY = 'planted-key-93xq-77ab';

export function destinationAnswers(known: () => Snapshot, tell: (change: Change) => void): Answers {
  const keys = new Map<string, string>();
  const list = () => known().destinations;
  const set = (destinations: DestinationView[]) =>
    tell({ kind: 'destinations', destinations, keyPlace: known().keyPlace });
  const change = (ids: string[], over: (one: DestinationView) => Partial<DestinationView>) =>
    set(list().map((one) => (ids.includes(one.id) ? { ...one, ...over(one) } : one)));
  const one = (id: string): DestinationView => {
    const found = list().find((each) => each.id === id);
    if (found === undefined) {
      throw new HostError({ code: 'not_found', message: 'There is no such destination.', nextStep: null });
    }
    return found;
  };
  const fresh = () => `de-${Math.random().toString(36).slice(2, 8)}`;
  const running = () => known().session.phase === 'live';
  const on = (): Partial<DestinationView> => ({
    enabled: true,
    state: running() ? 'broadcasting' : 'idle',
    severity: null,
    message: null,
    failedAttempts: 0,
    retryAtMs: null,
    broadcastingSinceMs: running() ? Date.now() : null,
    bitrateBps: running() ? 2_130_000 : 0,
  });
  const OFF: Partial<DestinationView> = {
    enabled: false,
    state: 'disabled',
    severity: null,
    message: null,
    retryAtMs: null,
    broadcastingSinceMs: null,
  };

  return {
    presets: () => data.PRESETS,
    add_destination: ({ preset, name, url, streamKey, holdLimitS, bandwidthTest }) => {
      const id = fresh();
      const kind = data.PRESETS.find((each) => each.id === preset);
      keys.set(id, streamKey);
      set([
        ...list(),
        data.destination({
          id,
          preset,
          name: name ?? kind?.name ?? preset,
          url: url ?? kind?.ingests[0]?.url ?? '',
          hasKey: streamKey !== '',
          holdLimitS: holdLimitS ?? null,
          bandwidthTest: bandwidthTest ?? false,
        }),
      ]);
      return { id };
    },
    update_destination: ({ id, name, url, streamKey, holdLimitS, bandwidthTest }) => {
      if (streamKey !== undefined) keys.set(id, streamKey);
      change([id], (was) => ({
        name,
        url,
        hasKey: streamKey === undefined ? was.hasKey : streamKey !== '',
        holdLimitS: holdLimitS ?? null,
        bandwidthTest: bandwidthTest ?? false,
      }));
      return null;
    },
    set_destination: ({ id, enabled }) => (change([id], () => (enabled ? on() : OFF)), null),
    remove_destination: ({ id }) => (set(list().filter((each) => each.id !== id)), null),
    duplicate_destination: ({ id }) => {
      const copy = { ...one(id), ...OFF, id: fresh(), name: `${one(id).name} 2` };
      set(list().flatMap((each) => (each.id === id ? [each, copy] : [each])));
      return { id: copy.id };
    },
    order_destinations: ({ ids }) => (set(ids.map(one)), null),
    retry_destination: ({ id }) => (change([id], on), null),
    test_destination: ({ id }) => {
      const accepted = one(id).preset !== 'facebook';
      return {
        accepted,
        message: accepted
          ? {
              tone: 'info',
              text: `${one(id).name} accepted the key.`,
              nextStep: 'Nothing was shown to anybody.',
            }
          : {
              tone: 'error',
              text: 'Facebook refused the stream key.',
              nextStep: 'Copy it again from Live Producer and paste it here.',
            },
      };
    },
    reveal_key: ({ id }) => ({ streamKey: keys.get(id) ?? FAKE_KEY }),
    go_live: ({ ids }) => (change(ids, on), null),
    end_broadcast: () => (
      change(
        list().map((each) => each.id),
        () => OFF,
      ),
      null
    ),
    preflight: () => data.preflight(list(), known().signal !== null),
    broadcast_check: async () => {
      await new Promise((done) =>
        setTimeout(done, Number(new URL(location.href).searchParams.get('check') ?? 0)),
      );
      const from = Date.now() - 20_000;
      return data.broadcastCheck(Array.from({ length: 20 }, (_, at) => sampleAt(from + at * 1000, at)));
    },
  };
}
