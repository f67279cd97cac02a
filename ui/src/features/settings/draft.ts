// The form's texts and what they mean. Pure.
import type { Settings } from '../../host/generated';

/** What stands in the fields, as typed. */
export interface Draft {
  rtmpPort: string;
  httpPort: string;
  hubPort: string;
  webrtcPort: string;
  /** Separated by commas or spaces. */
  webrtcAddresses: string;
  webrtc: boolean;
  graceS: string;
  lanAccess: boolean;
  startOnPublish: boolean;
  freezePicture: boolean;
  keepDestinationsOn: boolean;
  cloudReplace: boolean;
}

export type Problems = Partial<
  Record<'rtmpPort' | 'httpPort' | 'hubPort' | 'webrtcPort' | 'webrtcAddresses' | 'graceS', string>
>;

/** As many as the console takes. */
const MOST_ADDRESSES = 8;

export function draftOf(chosen: Settings): Draft {
  return {
    rtmpPort: String(chosen.rtmpPort),
    httpPort: String(chosen.httpPort),
    hubPort: String(chosen.hubPort),
    webrtcPort: String(chosen.webrtcPort),
    webrtcAddresses: chosen.webrtcAddresses.join(', '),
    webrtc: chosen.webrtc,
    graceS: String(chosen.graceS),
    lanAccess: chosen.lanAccess,
    startOnPublish: chosen.startOnPublish,
    freezePicture: chosen.freezePicture,
    keepDestinationsOn: chosen.keepDestinationsOn,
    cloudReplace: chosen.cloudReplace,
  };
}

function whole(text: string, most: number): number | null {
  const value = /^\d+$/.test(text.trim()) ? Number(text.trim()) : NaN;
  return Number.isInteger(value) && value <= most ? value : null;
}

/** True for `203.0.113.7` and `2001:db8::1`; a name or a port makes it none. */
export function isIpAddress(text: string): boolean {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return text.split('.').every((part) => Number(part) <= 255);
  return /^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text) && URL.canParse(`http://[${text}]`);
}

/** The settings a draft stands for, or what is wrong with it in words. */
export function read(
  draft: Draft,
  theme: Settings['theme'],
): { settings: Settings } | { problems: Problems } {
  const rtmpPort = whole(draft.rtmpPort, 65_535);
  const httpPort = whole(draft.httpPort, 65_535);
  const hubPort = whole(draft.hubPort, 65_535);
  const webrtcPort = whole(draft.webrtcPort, 65_535);
  const webrtcAddresses = draft.webrtcAddresses.split(/[\s,]+/).filter((address) => address !== '');
  const graceS = whole(draft.graceS, 1800);
  const problems: Problems = {};
  const port = 'A port is a whole number from 1 to 65535; 0 takes any free one.';
  if (rtmpPort === null) problems.rtmpPort = port;
  if (httpPort === null) problems.httpPort = port;
  else if (httpPort !== 0 && httpPort === rtmpPort) {
    problems.httpPort = 'Encoders already use this port. Choose another one.';
  }
  if (hubPort === null) problems.hubPort = port;
  else if (hubPort !== 0 && (hubPort === rtmpPort || hubPort === httpPort)) {
    problems.hubPort =
      hubPort === rtmpPort
        ? 'Encoders already use this port. Choose another one.'
        : 'Viewers already use this port. Choose another one.';
  }
  if (webrtcPort === null) problems.webrtcPort = port;
  else if (webrtcPort !== 0 && [rtmpPort, httpPort, hubPort].includes(webrtcPort)) {
    problems.webrtcPort = 'Encoders, viewers or apps already use this port. Choose another one.';
  }
  const wrong = webrtcAddresses.find((address) => !isIpAddress(address));
  if (wrong !== undefined) {
    problems.webrtcAddresses = `“${wrong}” is not an IP address. Give one such as 203.0.113.7, without a port or a name.`;
  } else if (webrtcAddresses.length > MOST_ADDRESSES) {
    problems.webrtcAddresses = `At most ${MOST_ADDRESSES} addresses.`;
  }
  if (graceS === null) problems.graceS = 'A whole number of seconds from 0 to 1800 (half an hour).';
  if (rtmpPort === null || httpPort === null || hubPort === null || webrtcPort === null || graceS === null) {
    return { problems };
  }
  if (Object.keys(problems).length > 0) return { problems };
  const { webrtc, lanAccess, startOnPublish, freezePicture, keepDestinationsOn, cloudReplace } = draft;
  return {
    settings: {
      // Changed where the Mentra glasses are set up; what is said here does not count.
      cloud: null,
      rtmpPort,
      httpPort,
      hubPort,
      webrtcPort,
      webrtcAddresses,
      webrtc,
      graceS,
      lanAccess,
      startOnPublish,
      freezePicture,
      keepDestinationsOn,
      cloudReplace,
      theme,
    },
  };
}

export function isSame(draft: Draft, chosen: Settings): boolean {
  const stored = draftOf(chosen);
  return (Object.keys(stored) as (keyof Draft)[]).every((key) => stored[key] === draft[key]);
}
