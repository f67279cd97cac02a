// The form of one app: what stands in it, what is wrong with it, and what it means. Pure.
import type { AddApp, AppPermission, AppView } from '../../host/generated';

/** What stands in the fields, as typed. */
export interface Draft {
  name: string;
  packageName: string;
  url: string;
  apiKey: string;
  /** The key on file is to be forgotten. */
  forgetKey: boolean;
  camera: boolean;
}

export type Problems = Partial<Record<'packageName' | 'url', string>>;

/** What a dialog begins with. */
export type Prefill = Partial<Pick<Draft, 'name' | 'packageName' | 'url' | 'apiKey'>>;

export const draftFor = (prefill: Prefill): Draft => ({
  name: '',
  packageName: '',
  url: 'http://127.0.0.1:7010',
  apiKey: '',
  forgetKey: false,
  camera: true,
  ...prefill,
});

export const draftOf = ({ name, packageName, url, permissions }: AppView): Draft => ({
  name: name === packageName ? '' : name,
  packageName,
  url,
  apiKey: '',
  forgetKey: false,
  camera: permissions.includes('CAMERA'),
});

/** What is wrong, in words; nothing when it can be saved. */
export function problemsOf(draft: Draft): Problems {
  const problems: Problems = {};
  const name = draft.packageName.trim();
  if (name === '') problems.packageName = 'Give the package name of the app’s own configuration.';
  else if (!/^(?=.*[A-Za-z])[A-Za-z0-9._-]{1,128}$/.test(name)) {
    problems.packageName = 'Letters, digits, dots, dashes and underscores only, as in com.example.camera.';
  }
  if (!isHttp(draft.url.trim())) {
    problems.url = 'The address begins with http:// or https:// and names where the app listens.';
  }
  return problems;
}

function isHttp(text: string): boolean {
  if (/\s/.test(text)) return false;
  try {
    const { protocol, hostname, username } = new URL(text);
    return /^https?:$/.test(protocol) && hostname !== '' && username === '' && /^https?:\/\//i.test(text);
  } catch {
    return false;
  }
}

/** `was`: the app as it is, so that what the form does not show stays. A key left empty leaves the one on file. */
export function toArgument(draft: Draft, was: AppView | null): AddApp {
  const name = draft.name.trim();
  const packageName = draft.packageName.trim();
  const apiKey = draft.apiKey.trim();
  return {
    name: name === '' ? packageName : name,
    packageName,
    url: draft.url.trim(),
    ...(apiKey !== '' ? { apiKey } : draft.forgetKey ? { apiKey: '' } : {}),
    permissions: withPermission(was?.permissions ?? [], 'CAMERA', draft.camera),
  };
}

/** In the order in which they are shown. */
export const PERMISSIONS: readonly { is: AppPermission; word: string; allows: string }[] = [
  { is: 'CAMERA', word: 'Camera', allows: 'Start and join streams.' },
  { is: 'MICROPHONE', word: 'Microphone', allows: 'Hear the glasses. Nothing uses it here.' },
  {
    is: 'LOCATION',
    word: 'Location',
    allows: 'Know where they are. Nothing uses it here.',
  },
];

export function withPermission(
  granted: readonly AppPermission[],
  one: AppPermission,
  on: boolean,
): AppPermission[] {
  return PERMISSIONS.map(({ is }) => is).filter((is) => (is === one ? on : granted.includes(is)));
}

/** The same app with other permissions; its key stays. */
export function withPermissions(app: AppView, permissions: AppPermission[]): AddApp {
  const { name, packageName, url } = app;
  return { name, packageName, url, permissions };
}
