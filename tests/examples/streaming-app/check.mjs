// An app that starts again looks first whether a stream runs already, its own or another's.
import { AppServer } from '@mentra/sdk';

class StreamingApp extends AppServer {
  async onSession(session) {
    const result = await session.camera.checkExistingStream();
    if (!result.hasActiveStream) {
      await session.camera.startManagedStream();
      return;
    }
    if (result.streamInfo?.type === 'managed') {
      console.log('HLS:', result.streamInfo.hlsUrl);
      console.log('DASH:', result.streamInfo.dashUrl);
      console.log('WebRTC:', result.streamInfo.webrtcUrl);
    } else {
      console.log('Active RTMP:', result.streamInfo?.rtmpUrl);
      console.log('Requesting app:', result.streamInfo?.requestingAppId);
    }
  }
}

const app = new StreamingApp({
  packageName: process.env.PACKAGE_NAME ?? 'com.example.streaming',
  apiKey: process.env.API_KEY ?? 'any-key-will-do',
  port: Number(process.env.PORT ?? 7010),
});
await app.start();
