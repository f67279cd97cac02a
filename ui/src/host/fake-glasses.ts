// A plausible hub, glasses and what they went through.
import type { GlassesMark, GlassesView, HubView, VirtualGlasses } from './generated';

export const FAKE_GLASSES_TOKEN = 'planted-token-5tq8-21zk';

export function hub(over: Partial<HubView> = {}): HubView {
  return {
    url: 'http://127.0.0.1:8002',
    lanUrls: [],
    glassesUrl: `ws://127.0.0.1:8002/glasses-ws?token=${FAKE_GLASSES_TOKEN}`,
    glasses: null,
    virtualGlasses: null,
    ...over,
  };
}

export function glasses(over: Partial<GlassesView> = {}): GlassesView {
  return {
    model: 'Mentra Live',
    link: 'connected',
    address: '192.168.1.34',
    sinceMs: Date.now() - 14 * 60_000,
    batteryPercent: 64,
    charging: false,
    wifi: true,
    wifiName: 'Home 5G',
    camera: null,
    claimedBitrateBps: null,
    claimedFps: null,
    ...over,
  };
}

/** While they stream. */
export const streaming = { camera: 'The camera streams.', claimedBitrateBps: 2_500_000, claimedFps: 30 };

export function virtualHub(switches: VirtualGlasses = {}): HubView {
  return hub({
    glasses: glasses({
      model: 'Mentra Live (virtual)',
      address: '127.0.0.1',
      batteryPercent: switches.batteryPercent ?? 80,
      wifi: switches.wifi ?? true,
      wifiName: (switches.wifi ?? true) ? 'Virtual Wi-Fi' : null,
      sinceMs: Date.now() - 40_000,
    }),
    virtualGlasses: switches,
  });
}

export function glassesMark(
  atMs: number,
  kind: GlassesMark['kind'],
  text: string,
  over: Partial<GlassesMark> = {},
): GlassesMark {
  return { atMs, kind, batteryPercent: null, bad: false, text, ...over };
}

const battery = (atMs: number, percent: number) =>
  glassesMark(atMs, 'battery', `Battery of the glasses: ${percent} %.`, {
    batteryPercent: percent,
    bad: percent < 20,
  });

/** From before the start until now, with one loss of Wi-Fi during the gap. */
export function glassesMarks(
  startMs: number,
  [gapStart, gapEnd]: [number, number],
  percent = 31,
): GlassesMark[] {
  return [
    glassesMark(startMs - 60_000, 'link', 'The glasses are connected.'),
    battery(startMs - 60_000, percent),
    glassesMark(startMs - 2000, 'camera', 'The camera streams.'),
    battery(startMs + 50_000, percent - 3),
    battery(startMs + 130_000, percent - 6),
    battery(startMs + 220_000, percent - 9),
    glassesMark(gapStart, 'wifi', 'The glasses have no Wi-Fi.', { bad: true }),
    glassesMark(gapEnd, 'wifi', 'The glasses are on the Wi-Fi Home 5G.'),
    battery(gapEnd + 40_000, percent - 13),
    battery(gapEnd + 150_000, percent - 17),
  ];
}
