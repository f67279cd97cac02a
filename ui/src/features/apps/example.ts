// The smallest app worth writing against this console. Shown on the page, and run as it stands by the tests of the hub
// (tests/mentra), which put their own values where the %NAMES% are.

/** What the program and its registration must agree on. */
export interface ExampleApp {
  packageName: string;
  apiKey: string;
  port: number;
}

export const EXAMPLE: ExampleApp = {
  packageName: 'com.example.camera',
  apiKey: 'example-key',
  port: 7010,
};

/** What it is called in the list of apps. */
export const EXAMPLE_NAME = 'My first app';

/** What is typed to fetch the SDK, and to run the program: Node 20 or newer. */
export const EXAMPLE_INSTALL = 'npm install @mentra/sdk';
export const EXAMPLE_RUN = 'node app.mjs';

export const EXAMPLE_TEMPLATE = `// app.mjs
import { AppServer } from '@mentra/sdk';

class CameraApp extends AppServer {
  async onSession(session) {
    // Called at every change of the stream: initializing, active, stopped, error.
    session.camera.onManagedStreamStatus(({ status, hlsUrl, message }) => {
      console.log('stream:', status, hlsUrl ?? message ?? '');
    });
    // Not awaited: the console waits for this method, and the stream takes a few seconds.
    session.camera
      .startManagedStream()
      .then(({ hlsUrl }) => console.log('watch it at', hlsUrl))
      .catch((error) => console.log('no stream:', error.message));
  }
}

const app = new CameraApp({ packageName: '%PACKAGE_NAME%', apiKey: '%API_KEY%', port: %PORT% });
await app.start();
`;

/** Between single quotes. */
const quoted = (text: string) => text.replace(/[\\']/g, '\\$&');

/** The program for these values. */
export function exampleApp({ packageName, apiKey, port }: ExampleApp): string {
  const values: Record<string, string> = {
    PACKAGE_NAME: quoted(packageName),
    API_KEY: quoted(apiKey),
    PORT: String(port),
  };
  return EXAMPLE_TEMPLATE.replace(/%([A-Z_]+)%/g, (whole, name: string) => values[name] ?? whole);
}

/** Where such an app listens. */
export const exampleUrl = ({ port }: ExampleApp) => `http://127.0.0.1:${port}`;
