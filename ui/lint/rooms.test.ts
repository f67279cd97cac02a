// The walls are only worth something if they really fail.
import { ESLint } from 'eslint';
import { expect, test } from 'vitest';

const eslint = new ESLint({ overrideConfigFile: 'eslint.config.js' });

async function complaints(filePath: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath });
  return (result?.messages ?? [])
    .map((message) => message.ruleId ?? message.message)
    .filter((rule) => rule === 'house/rooms' || rule === 'no-restricted-imports');
}

const svelte = (code: string) => `<script lang="ts">\n${code}\n</script>\n`;

test.each([
  ['src/features/live/a.ts', "import '../player/policy';"],
  ['src/features/live/a.ts', "export * from '../player/policy';"],
  ['src/features/live/a.ts', "export { x } from '../history/x';"],
  ['src/features/live/a.ts', "await import('../player/policy');"],
  ['src/features/live/A.svelte', svelte("import '../player/Player.svelte';")],
  ['src/features/live/a.ts', "import '../../app/route';"],
  ['src/features/player/a.ts', "import '../../host/host';"],
  ['src/features/player/a.ts', "import type { X } from '../../state/model';"],
  ['src/shared/a.ts', "import type { Phase } from '../host/generated';"],
  ['src/shared/components/A.svelte', svelte("import '../../state/model';")],
  ['src/host/a.ts', "import '../shared/format';"],
  ['src/state/a.ts', "import '../features/live/x';"],
  ['src/watch/a.ts', "import '../host/host';"],
  ['src/watch/a.ts', "import '../features/live/x';"],
  ['src/main.ts', "import './features/live/LiveScreen.svelte';"],
])('%s may not: %s', { timeout: 30_000 }, async (file, code) => {
  expect(await complaints(file, code)).toEqual(['house/rooms']);
});

test.each([
  [
    'src/features/live/a.ts',
    "import '../../host/host'; import '../../state/model'; import '../../shared/format';",
  ],
  ['src/features/live/a.ts', "import './b';"],
  ['src/watch/a.ts', "import '../features/player/policy'; import '../shared/format';"],
  ['src/app/a.ts', "import '../features/live/x'; import '../host/pick';"],
])('%s may: %s', async (file, code) => {
  expect(await complaints(file, code)).toEqual([]);
});

test('Tauri is known to one file', async () => {
  const code = "import { invoke } from '@tauri-apps/api/core';\ninvoke('x');";
  expect(await complaints('src/features/live/a.ts', code)).toEqual(['no-restricted-imports']);
  expect(await complaints('src/host/web.ts', code)).toEqual(['no-restricted-imports']);
  expect(await complaints('src/host/tauri.ts', code)).toEqual([]);
});
