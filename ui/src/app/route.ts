// Which screen the address names. Hash routes, so that they work from any shell without a server's help.

export type Route =
  | { screen: 'live' }
  | { screen: 'apps' }
  | { screen: 'build' }
  | { screen: 'glasses' }
  | { screen: 'history' }
  | { screen: 'stream'; streamId: string }
  | { screen: 'settings' };

export function routeOf(hash: string): Route {
  const [screen, ...rest] = hash.replace(/^#\/?/, '').split('/');
  if (screen === 'apps') return { screen: rest[0] === 'build' ? 'build' : 'apps' };
  if (screen === 'glasses') return { screen: 'glasses' };
  if (screen === 'settings') return { screen: 'settings' };
  if (screen === 'history') {
    const streamId = decode(rest.join('/'));
    return streamId === '' ? { screen: 'history' } : { screen: 'stream', streamId };
  }
  return { screen: 'live' };
}

export function hashOf(route: Route): string {
  if (route.screen === 'stream') return `#/history/${encodeURIComponent(route.streamId)}`;
  return route.screen === 'build' ? '#/apps/build' : `#/${route.screen}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
