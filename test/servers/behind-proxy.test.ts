import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { createPerson, type Person } from '../journey/program.ts';
import { succeed } from '../requirement/command.ts';
import { type ForwardProxy, startForwardProxy } from './forward-proxy.ts';
import { type HttpProxy, startHttpProxy } from './http-proxy.ts';
import { freePort, untilListening } from './loopback.ts';
import { type Radosgw, startRadosgw } from './radosgw.ts';
import { s3Variables } from './s3-settings.ts';

/** `nas.test` is known to nobody but the proxy. */
describe('S2: a storage that only a proxy leads to', () => {
  let folder: string;
  let person: Person;
  let proxy: ForwardProxy;
  let environment: NodeJS.ProcessEnv;
  const at = (name: string): string => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mailkeep-behind-proxy-'));
    person = await createPerson();
    proxy = await startForwardProxy();
    const subject = ['-subj', '/CN=nas.test', '-addext', 'subjectAltName=DNS:nas.test'];
    const files = ['-keyout', at('key.pem'), '-out', at('certificate.pem')];
    await succeed('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...files, ...subject]);
    await writeFile(at('message'), 'Subject: kept\n\nbehind a proxy\n');
    environment = { HTTPS_PROXY: proxy.url, RESTIC_PASSWORD: 'geheim', RESTIC_CACERT: at('certificate.pem') };
  });
  after(async () => {
    await proxy.stop();
    await person.leave();
    await rm(folder, { recursive: true, force: true });
  });

  /** A backup and its restore; all connections went through the proxy. */
  const serves = async (repository: string, host: string, more: NodeJS.ProcessEnv): Promise<void> => {
    const run = async (...args: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await person.run([...args, '-r', repository], {
        environment: { ...environment, ...more },
      });
      assert.equal(code, 0, stdout + stderr);
      return stdout;
    };
    const from = proxy.tunnels.length;
    await run('init');
    await run('backup', at('message'));
    assert.match(await run('dump', 'latest', at('message')), /behind a proxy/);
    const tunnels = new Set(proxy.tunnels.slice(from));
    assert.deepEqual([...tunnels], [host]);
  };

  test('a REST server is reached through it', async () => {
    const port = await freePort();
    const args = ['--addr', `127.0.0.1:${port}`, '--config', '/dev/null'];
    const tls = ['--cert', at('certificate.pem'), '--key', at('key.pem')];
    const server = spawn('rclone', ['serve', 'restic', ...args, ...tls, at('files')], { stdio: 'ignore' });
    try {
      await untilListening(port);
      await serves(`rest:https://nas.test:${port}/mail/`, `nas.test:${port}`, {});
      // What is on this machine needs none, as with restic: nobody there knows a proxy's way to it.
      const from = proxy.tunnels.length;
      const { stderr } = await person.run(['snapshots', '-r', `rest:https://localhost:${port}/mail/`], { environment });
      assert.match(stderr, /certificate/);
      assert.equal(proxy.tunnels.length, from);
    } finally {
      server.kill('SIGKILL');
    }
  });

  test('S3 is reached through it', async () => {
    const server: Radosgw = await startRadosgw({ page: 10 });
    const tls = { key: await readFile(at('key.pem'), 'utf8'), cert: await readFile(at('certificate.pem'), 'utf8') };
    const front: HttpProxy = await startHttpProxy({ target: server.endpoint, tls });
    try {
      await server.client().send(new CreateBucketCommand({ Bucket: 'proxied' }));
      const { port } = new URL(front.endpoint);
      await serves(`s3:https://nas.test:${port}/proxied/mail`, `nas.test:${port}`, s3Variables(server.owner));
    } finally {
      await front.stop();
      await server.stop();
    }
  });
});
