// A scripted MentraOS app on SDK v3: `bun app.mjs <package> <api key>`.
import { MiniAppServer } from '@mentra/sdk';
import { obey, tell, words } from '../lib/script.mjs';

const [packageName, apiKey] = process.argv.slice(2);
let session = null;

const app = new MiniAppServer({ packageName, apiKey, port: 0 });

app.onSession((connected) => {
  session = connected;
  session.onReconnected(() => tell('reconnected'));
  session.onDisconnected((info) => tell('disconnected', info));
  session.onError((error) => tell('error', { message: words(error) }));
  session.camera.onStreamStatus((status) =>
    tell(status.type === 'managed_stream_status' ? 'managed' : 'unmanaged', { status }),
  );
  tell('session', { sessionId: session.sessionId, userId: session.userId });
});

app.onStop((_, reason) => tell('stop', { reason }));

obey({
  startManaged: (options) => session.camera.startStream(options),
  stopManaged: () => session.camera.stopStream(),
  startStream: ({ rtmpUrl, ...options }) => session.camera.startStream({ direct: rtmpUrl, ...options }),
  stopStream: () => session.camera.stopStream(),
  check: () => session.camera.checkExistingStream(),
  currentUrl: () => session.camera.getCurrentStreamUrl(),
  isStreaming: () => ({
    managed: session.camera.isManagedStreamActive(),
    unmanaged: session.camera.isCurrentlyStreaming(),
  }),
  cut: () => session.transport.ws.terminate(),
  exit: () => process.exit(0),
});

const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: app.fetch, idleTimeout: 60 });
tell('listening', { url: `http://127.0.0.1:${server.port}` });
await app.start();
