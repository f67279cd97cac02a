// A platform: nginx with its RTMP module, which records what it is sent into one file per broadcast.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as listen } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { atEnd } from './ending.mjs';
import { temporaryFolder } from './paths.mjs';
import { start } from './processes.mjs';

const run = promisify(execFile);

/**
 * Starts a receiver that ends with `t` (a node:test context). Its `url` is what a creator types besides the key.
 *
 * - `recordings(key, count)` waits until so many broadcasts under this key are over and returns the file of each. There
 *   must be no others.
 */
export async function startReceiver(t) {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'recordings'));
  const hook = await startHook(t);
  const address = await freeAddress();
  writeFileSync(join(folder, 'nginx.conf'), configuration(folder, address, hook.url));
  const running = start(t, '/usr/sbin/nginx', ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')]);
  running.child.stdout.resume();
  await opened(running);
  return {
    url: `rtmp://${address}/live`,
    recordings: async (key, count) => {
      const paths = await hook.recorded(key, count);
      const files = readdirSync(join(folder, 'recordings')).filter((name) => name.startsWith(`${key}-`));
      assert.equal(files.length, count, `one broadcast is one file: ${files}`);
      return paths;
    },
  };
}

/** Fails unless a file decodes to its end without a word, with pictures and sounds in it. Returns how many of each. */
export async function assertPlays(file) {
  const { stderr } = await run('ffmpeg', [
    ...['-nostdin', '-v', 'error', '-xerror', '-err_detect', 'explode', '-i', file, '-f', 'null', '-'],
  ]);
  assert.equal(stderr, '', `ffmpeg about ${file}`);
  const entries = ['-show_entries', 'packet=codec_type,dts_time', '-of', 'json'];
  const { stdout } = await run('ffprobe', ['-v', 'error', ...entries, file], { maxBuffer: 64 << 20 });
  const { packets } = JSON.parse(stdout);
  const times = (type) => packets.filter((one) => one.codec_type === type).map((one) => Number(one.dts_time));
  const [video, audio] = [times('video'), times('audio')];
  for (const track of [video, audio]) {
    assert.ok(track.length > 0, `${file} holds picture and sound`);
    assert.ok(track.every((time, at) => at === 0 || track[at - 1] < time), `times grow in ${file}`);
  }
  return { pictures: video.length, sounds: audio.length };
}

/** nginx calls when a recording is complete; `recorded(name, count)` resolves with the paths of those of this name. */
async function startHook(t) {
  const done = [];
  const told = new EventEmitter();
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request.setEncoding('utf8')) body += part;
    const call = new URLSearchParams(body);
    if (call.get('call') === 'record_done') done.push({ name: call.get('name'), path: call.get('path') });
    response.end();
    told.emit('done');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(t, () => server.close());
  const recorded = async (name, count, milliseconds = 30_000) => {
    const signal = AbortSignal.timeout(milliseconds);
    for (;;) {
      const paths = done.filter((one) => one.name === name).map((one) => one.path);
      if (paths.length >= count) return paths;
      await once(told, 'done', { signal }).catch(() => {
        throw new Error(`waited ${milliseconds} ms for ${count} recordings of ${name}; there are ${paths.length}`);
      });
    }
  };
  return { url: `http://127.0.0.1:${server.address().port}/`, recorded };
}

/** The first thing said after its ports are open. */
async function opened({ child }) {
  let said = '';
  for await (const text of child.stderr) {
    said += text;
    if (said.includes('getrlimit(RLIMIT_NOFILE)')) return;
  }
  throw new Error(`nginx ended:\n${said}`);
}

/** A port nginx can have: it cannot pick one itself. Nobody else uses this loopback address. */
async function freeAddress() {
  const host = `127.${128 + (process.pid & 0x7f)}.${(process.pid >> 7) & 0xff}.254`;
  const server = listen().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return `${host}:${port}`;
}

const configuration = (folder, address, hook) => `
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off;
master_process off;
pid ${folder}/pid;
error_log stderr notice;
events { worker_connections 64; }
rtmp {
  access_log off;
  server {
    listen ${address};
    application live {
      live on;
      record all;
      record_path ${folder}/recordings;
      record_unique on;
      on_record_done ${hook};
    }
  }
}
`;
