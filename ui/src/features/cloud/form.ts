// The set-up's texts and what they mean. Pure.
import type { CloudChoice, SetCloud } from '../../host/generated';

/** How MentraOS reaches this computer. */
export type WayIn = 'tunnel' | 'relay';

export interface Draft {
  packageName: string;
  /** As pasted; empty leaves the one on file. */
  apiKey: string;
  wayIn: WayIn;
  publicUrl: string;
  relayUrl: string;
  relayToken: string;
  webhookPort: string;
  /** Separated by commas or spaces. */
  clouds: string;
}

export type Problems = Partial<Record<keyof Draft, string>>;

export function draftOf(chosen: CloudChoice | null): Draft {
  return {
    packageName: chosen?.packageName ?? '',
    apiKey: '',
    wayIn: typeof chosen?.relayUrl === 'string' ? 'relay' : 'tunnel',
    publicUrl: chosen?.publicUrl ?? '',
    relayUrl: chosen?.relayUrl ?? '',
    relayToken: '',
    webhookPort: String(chosen?.webhookPort ?? 7010),
    clouds: chosen?.clouds.join(', ') ?? '',
  };
}

/** What is wrong with a draft, in words. `onFile`: the choice whose secrets are kept. */
export function problemsOf(draft: Draft, onFile: CloudChoice | null): Problems {
  const problems: Problems = {};
  const name = draft.packageName.trim();
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)+$/.test(name)) {
    problems.packageName = 'A package name looks like com.example.cam.';
  }
  if (draft.apiKey.trim() === '' && onFile?.packageName !== name) {
    problems.apiKey = 'Copy the key from the app’s page in MentraOS’ developer console.';
  }
  const port = /^\d+$/.test(draft.webhookPort.trim()) ? Number(draft.webhookPort) : NaN;
  if (!(port <= 65_535)) problems.webhookPort = 'A port is a number from 0 to 65535. 0 takes any free one.';
  if (draft.wayIn === 'tunnel') {
    const url = draft.publicUrl.trim();
    if (url !== '' && !/^https?:\/\/[^\s/@]+(\/[^\s@]*)?$/i.test(url)) {
      problems.publicUrl = 'It looks like https://something.trycloudflare.com.';
    }
  } else {
    if (!/^wss?:\/\/[^\s/@]+(\/[^\s@]*)?$/i.test(draft.relayUrl.trim())) {
      problems.relayUrl = 'It looks like wss://relay.example.com.';
    }
    if (draft.relayToken.trim() === '' && typeof onFile?.relayUrl !== 'string') {
      problems.relayToken = 'Enter one of the tokens the relay was started with.';
    }
  }
  return problems;
}

/** What `set_cloud` is asked for; a secret that was not typed stays the one on file. */
export function toArgument(draft: Draft): SetCloud {
  const clouds = draft.clouds.split(/[\s,]+/).filter((host) => host !== '');
  const secret = (text: string) => text.trim();
  return {
    packageName: draft.packageName.trim(),
    ...(secret(draft.apiKey) === '' ? {} : { apiKey: secret(draft.apiKey) }),
    webhookPort: Number(draft.webhookPort),
    ...(draft.wayIn === 'tunnel'
      ? draft.publicUrl.trim() === ''
        ? {}
        : { publicUrl: draft.publicUrl.trim() }
      : {
          relayUrl: draft.relayUrl.trim(),
          ...(secret(draft.relayToken) === '' ? {} : { relayToken: secret(draft.relayToken) }),
        }),
    clouds,
  };
}

/** `http://127.0.0.1:7010/webhook` to `http://127.0.0.1:7010`: what a tunnel is pointed at. */
export function doorOf(webhookUrl: string): string {
  return webhookUrl.replace(/\/webhook$/, '');
}
