import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  // The watch page is served at /{playbackId}/watch, so asset addresses must not be relative to the page.
  base: '/',
  // Svelte's server build would be picked without it, and nothing would mount in tests.
  resolve: mode === 'test' ? { conditions: ['browser'] } : {},
  server: { port: 1420, strictPort: true },
  build: {
    target: 'es2022',
    // The page's policy allows no inline data: scripts, and a preload helper is not needed from a local disk.
    modulePreload: false,
    rolldownOptions: {
      input: { console: 'index.html', watch: 'watch.html' },
      // How long plugins take says how busy the machine is, nothing of the pages.
      checks: { bundlerTimings: false },
    },
    // hls.js is one chunk of about 580 kB, loaded only when there is something to play.
    chunkSizeWarningLimit: 700,
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts', 'lint/**/*.test.ts'],
    restoreMocks: true,
    setupFiles: ['src/test-setup.ts'],
  },
}));
