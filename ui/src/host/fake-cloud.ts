// A plausible app at MentraOS, and how the scripted console answers the commands about it.
import { HostError } from './errors';
import { glasses } from './fake-glasses';
import type { Change, CloudChoice, CloudView, PlaybackUrls, Snapshot } from './generated';
import type { ArgsOf, CommandName, ResultOf } from './host';

export const FAKE_PACKAGE = 'com.yourname.streamconsole';

export function cloudChoice(over: Partial<CloudChoice> = {}): CloudChoice {
  return {
    packageName: FAKE_PACKAGE,
    webhookPort: 7010,
    publicUrl: 'https://quiet-river.trycloudflare.com',
    relayUrl: null,
    clouds: [],
    ...over,
  };
}

const WAITING: CloudView['message'] = {
  tone: 'info',
  text: 'No phone runs the app at MentraOS.',
  nextStep: `Start the app ${FAKE_PACKAGE} in the Mentra app on the phone.`,
};

export function cloud(over: Partial<CloudView> = {}): CloudView {
  return {
    packageName: FAKE_PACKAGE,
    webhookUrl: 'http://127.0.0.1:7010/webhook',
    publicUrl: 'https://quiet-river.trycloudflare.com',
    relay: null,
    sessions: [],
    calledAtMs: null,
    message: WAITING,
    ...over,
  };
}

/** A phone runs the app, its glasses are on. */
export function cloudReady(nowMs: number, over: Partial<CloudView> = {}): CloudView {
  return cloud({
    sessions: [
      {
        sessionId: 'session-1',
        userId: 'user@example.com',
        connected: true,
        sinceMs: nowMs - 12 * 60_000,
        glasses: glasses({ address: 'MentraOS' }),
      },
    ],
    calledAtMs: nowMs - 12 * 60_000,
    message: null,
    ...over,
  });
}

export function cloudUrls(): PlaybackUrls {
  const base = 'https://customer-x1.cloudflarestream.com/5d3c';
  return {
    hls: `${base}/manifest/video.m3u8`,
    dash: `${base}/manifest/video.mpd`,
    preview: '',
    thumbnail: '',
  };
}

type CloudCommand = Extract<CommandName, 'set_cloud' | 'remove_cloud' | 'check_webhook'>;
type Answers = { [C in CloudCommand]: (...args: ArgsOf<C>) => ResultOf<C> | Promise<ResultOf<C>> };

export function cloudAnswers(known: () => Snapshot, tell: (change: Change) => void): Answers {
  const choose = (chosen: CloudChoice | null) => {
    const settings = known().settings;
    tell({ kind: 'settings', settings: { ...settings, chosen: { ...settings.chosen, cloud: chosen } } });
  };
  return {
    set_cloud: ({ packageName, webhookPort, publicUrl, relayUrl, clouds }) => {
      const chosen = cloudChoice({
        packageName,
        webhookPort: webhookPort ?? 7010,
        publicUrl: publicUrl ?? null,
        relayUrl: relayUrl ?? null,
        clouds: clouds ?? [],
      });
      choose(chosen);
      const relay = relayUrl === undefined ? null : { url: relayUrl, connected: true, problem: null };
      tell({
        kind: 'cloud',
        cloud: cloud({
          packageName,
          webhookUrl: `http://127.0.0.1:${chosen.webhookPort}/webhook`,
          publicUrl: relay === null ? chosen.publicUrl : 'https://relay.example.com/4f1c09aa77bd0032',
          relay,
        }),
      });
      return null;
    },
    remove_cloud: () => {
      choose(null);
      tell({ kind: 'cloud', cloud: null });
      return null;
    },
    check_webhook: () => {
      if (typeof known().cloud?.publicUrl !== 'string') {
        throw new HostError({
          code: 'busy',
          message: 'The address of the webhook from outside is not known.',
          nextStep: 'Enter the address of your tunnel, or of a relay.',
        });
      }
      const step = (name: string) => ({ name, problem: null });
      return {
        reachable: false,
        steps: [
          step('The address can be called by MentraOS'),
          step('Its name is known'),
          step('Something listens there'),
          step('The connection is encrypted'),
          {
            name: 'It answers',
            problem: {
              tone: 'error',
              text: 'The tunnel or proxy answers, but does not reach Stream Console (HTTP 502).',
              nextStep: 'Let it lead to http://127.0.0.1:7010.',
            },
          },
        ],
      };
    },
  };
}
