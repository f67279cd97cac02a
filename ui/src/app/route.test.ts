import { expect, test } from 'vitest';
import { hashOf, routeOf, type Route } from './route';

test.each<[string, Route]>([
  ['', { screen: 'live' }],
  ['#/live', { screen: 'live' }],
  ['#/nowhere', { screen: 'live' }],
  ['#/history', { screen: 'history' }],
  ['#/history/', { screen: 'history' }],
  ['#/history/st-01', { screen: 'stream', streamId: 'st-01' }],
  ['#/history/a%2Fb', { screen: 'stream', streamId: 'a/b' }],
  ['#/history/%', { screen: 'history' }],
  ['#/apps', { screen: 'apps' }],
  ['#/apps/build', { screen: 'build' }],
  ['#/apps/other', { screen: 'apps' }],
  ['#/settings', { screen: 'settings' }],
])('%j', (hash, route) => expect(routeOf(hash)).toEqual(route));

test.each<Route>([{ screen: 'stream', streamId: 'a/b c' }, { screen: 'build' }, { screen: 'apps' }])(
  'there and back: %j',
  (route) => expect(routeOf(hashOf(route))).toEqual(route),
);
