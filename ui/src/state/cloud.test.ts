import { expect, test } from 'vitest';
import { cloud, cloudReady } from '../host/fake-cloud';
import { cloudChange, cloudLine, noCloudGlasses, usedSession } from './cloud';

test('glasses at MentraOS can be chosen once nothing is missing', () => {
  expect(noCloudGlasses(cloud())).toContain('No phone runs the app');
  const ready = cloudReady(0);
  expect(noCloudGlasses(ready)).toBeNull();
  expect(cloudLine(ready)).toBe('Mentra Live, battery 64 %');
  expect(usedSession(cloud())).toBeNull();
  expect(cloudLine(cloud())).toBe('');
});

test('coming and going is said', () => {
  const [gone, here] = [cloud(), cloudReady(0)];
  expect(cloudChange(gone, here)).toContain('connected');
  expect(cloudChange(here, gone)).toContain('lost');
  expect(cloudChange(here, here)).toBe('');
  const wrong = cloud({ message: { tone: 'error', text: 'Wrong key.', nextStep: null } });
  expect(cloudChange(gone, wrong)).toBe('Wrong key.');
  expect(cloudChange(null, here)).toBe('');
});
