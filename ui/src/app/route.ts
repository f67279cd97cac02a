// Which screen the address names. Hash routes, so that they work from any shell without a server's help.

export type Route =
  | { screen: 'live' }
  | { screen: 'history' }
  | { screen: 'stream'; streamId: string }
  | { screen: 'settings' };

export function routeOf(hash: string): Route {
  const [screen, ...rest] = hash.replace(/^#\/?/, '').split('/');
  if (screen === 'settings') return { screen: 'settings' };
  if (screen === 'history') {
    const streamId = decode(rest.join('/'));
    return streamId === '' ? { screen: 'history' } : { screen: 'stream', streamId };
  }
  return { screen: 'live' };
}

export function hashOf(route: Route): string {
  return route.screen === 'stream' ? `#/history/${encodeURIComponent(route.streamId)}` : `#/${route.screen}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
