// An unmanaged stream: the glasses push straight to a server of yours. Press Enter to end it.
import { once } from 'node:events';
import { AppServer } from '@mentra/sdk';

const RTMP_URL = process.env.RTMP_URL ?? 'rtmp://127.0.0.1:1935/live/your-key';

class StreamingApp extends AppServer {
  async onSession(session) {
    const cleanup = session.camera.onStreamStatus((status) => {
      console.log('RTMP status:', status.status);
      if (status.status === 'active') {
        console.log('Streaming to:', session.camera.getCurrentStreamUrl());
      }
      if (status.status === 'error') {
        console.error(status.errorDetails);
      }
    });

    await session.camera.startStream({ rtmpUrl: RTMP_URL });

    // later
    await once(process.stdin, 'data');
    await session.camera.stopStream();
    cleanup();
  }
}

const app = new StreamingApp({
  packageName: process.env.PACKAGE_NAME ?? 'com.example.streaming',
  apiKey: process.env.API_KEY ?? 'any-key-will-do',
  port: Number(process.env.PORT ?? 7010),
});
await app.start();
