// A managed stream: Stream Console takes the camera's video and gives addresses at which it plays.
import { AppServer } from '@mentra/sdk';

class StreamingApp extends AppServer {
  async onSession(session) {
    const unsubscribe = session.camera.onManagedStreamStatus((status) => {
      if (status.status === 'active') {
        console.log('HLS:', status.hlsUrl);
        console.log('DASH:', status.dashUrl);
        if (status.webrtcUrl) console.log('WebRTC:', status.webrtcUrl);
      } else if (status.status === 'error') {
        console.error('Managed stream error:', status.message);
      }
    });

    const urls = await session.camera.startManagedStream({
      quality: '720p',
      enableWebRTC: true,
    });
    console.log('Playing at:', urls.hlsUrl);

    await session.camera.stopManagedStream();
    unsubscribe();
  }
}

const app = new StreamingApp({
  packageName: process.env.PACKAGE_NAME ?? 'com.example.streaming',
  apiKey: process.env.API_KEY ?? 'any-key-will-do',
  port: Number(process.env.PORT ?? 7010),
});
await app.start();
