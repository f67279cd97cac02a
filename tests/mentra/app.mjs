// A scripted MentraOS app on the released SDK: `node --import ./lib/free-port.mjs app.mjs <package> <api key>`.
import { AppServer } from '@mentra/sdk';
import { obey, tell, words } from './lib/script.mjs';

/** Nothing ever listens there. */
const NOWHERE = 'ws://127.0.0.1:1/app-ws';

const [packageName, apiKey] = process.argv.slice(2);
let session = null;
let handlers = [];

function listenToStreams() {
  handlers = [
    session.camera.onManagedStreamStatus((status) => tell('managed', { status })),
    session.camera.onStreamStatus((status) => tell('unmanaged', { status })),
  ];
}

class ScriptedApp extends AppServer {
  async onSession(connected, sessionId, userId) {
    session = connected;
    session.events.onConnected(() => tell('connected'));
    session.events.onDisconnected((info) => {
      const {
        code = null,
        reason = '',
        permanent = false,
      } = typeof info === 'string' ? { reason: info } : info;
      tell('disconnected', { code, reason: String(reason), permanent });
    });
    session.events.onError((error) => tell('error', { message: words(error) }));
    listenToStreams();
    tell('session', { sessionId, userId });
  }

  async onStop(sessionId, userId, reason) {
    await super.onStop(sessionId, userId, reason);
    tell('stop', { reason });
  }
}

obey({
  startManaged: (options) => session.camera.startManagedStream(options),
  stopManaged: () => session.camera.stopManagedStream(),
  startStream: (options) => session.camera.startStream(options),
  stopStream: () => session.camera.stopStream(),
  check: () => session.camera.checkExistingStream(),
  currentUrl: () => session.camera.getCurrentStreamUrl(),
  isStreaming: () => ({
    managed: session.camera.isManagedStreamActive(),
    unmanaged: session.camera.isCurrentlyStreaming(),
  }),
  // A handler added or removed is a `subscription_update` each.
  burst: (times) => {
    for (let time = 0; time < times; time += 1) {
      const added = [session.events.onHeadPosition(() => {}), session.events.onButtonPress(() => {})];
      for (const remove of added) remove();
    }
  },
  // Takes its handlers away and puts them back.
  listenAgain: () => {
    for (const remove of handlers) remove();
    listenToStreams();
  },
  // The network fails: close code 1006.
  cut: () => session.ws.terminate(),
  // It fails, and every new attempt of the SDK with it.
  cutOff: () => {
    session.config.mentraOSWebsocketUrl = NOWHERE;
    session.ws.terminate();
  },
  send: (message) => session.sendMessage(message),
  exit: () => process.exit(0),
});

await new ScriptedApp({ packageName, apiKey, port: 0 }).start();
