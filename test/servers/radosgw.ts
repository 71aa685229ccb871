import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { runCommand, succeed } from '../requirement/command.ts';
import { installPackages } from '../requirement/debian.ts';
import { serverPackages } from '../requirement/ensure.ts';

/*
 * A real S3 store on loopback: Ceph's monitor, one OSD in memory and the RADOS gateway, as ordinary processes, without
 * authentication among them and with one replica.
 */

export interface S3User {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Radosgw {
  /** `http://127.0.0.1:PORT`. */
  readonly endpoint: string;
  readonly port: number;
  /** Owns what is made without naming another. */
  readonly owner: S3User;
  client(user?: S3User): S3Client;
  /** A user of its own; with `quota` the most bytes that each of its buckets may keep (the sum over buckets is brought up to date too late to test with). */
  addUser(name: string, quota?: number): Promise<S3User>;
  /** `radosgw-admin …`. */
  admin(...args: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

export interface RadosgwOptions {
  /** Objects that one answer to a listing names. Default 1000. */
  readonly page?: number;
  /** Bytes that it can keep, in memory. Default 2 GiB. */
  readonly room?: number;
  /** File with certificate and key: TLS on the port after the last. */
  readonly pem?: string;
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

/** The first of a row of free ports: the monitor writes its own into its map, so that none can be given later. */
const freePorts = async (count: number): Promise<number> => {
  for (;;) {
    const first = randomInt(20_000, 31_000);
    const row = await Promise.all(Array.from({ length: count }, (_, index) => isFree(first + index)));
    if (row.every(Boolean)) return first;
  }
};

const osdPorts = 8;

interface Setup extends Required<Pick<RadosgwOptions, 'page' | 'room'>> {
  readonly folder: string;
  readonly port: number;
  readonly pem: string | undefined;
}

const configuration = (fsid: string, { folder, port, pem, page, room }: Setup): string => `
[global]
fsid = ${fsid}
mon initial members = a
mon host = [v2:127.0.0.1:${port + 1}]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv4 = true
ms bind ipv6 = false
ms bind msgr1 = false
ms bind port min = ${port + 2}
ms bind port max = ${port + 1 + osdPorts}
auth cluster required = none
auth service required = none
auth client required = none
keyring = /dev/null
ms mon client mode = crc
ms mon service mode = crc
ms mon cluster mode = crc
ms client mode = crc
ms service mode = crc
ms cluster mode = crc
run dir = ${folder}/run
admin socket = ${folder}/run/$name.asok
log file = ${folder}/log/$name.log
debug default = 0
crash dir = ${folder}/run
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon warn on pool no redundancy = false
ms async op threads = 1
[mon]
mon data = ${folder}/mon
mon data avail crit = 1
mon data avail warn = 2
mon memory target = 1073741824
paxos propose interval = 0.05
paxos min wait = 0.01
[osd]
osd data = ${folder}/osd
osd objectstore = memstore
memstore device bytes = ${room}
osd crush initial weight = 1
osd heartbeat interval = 2
osd op num shards = 2
osd op num threads per shard = 1
osd max object name len = 460
osd max object namespace len = 64
osd memory target = 939524096
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:${port} tcp_nodelay=1${
  pem === undefined
    ? ''
    : ` ssl_endpoint=127.0.0.1:${port + 2 + osdPorts} ssl_certificate=${pem} ssl_private_key=${pem}`
}
rgw thread pool size = 32
rgw enable usage log = false
rgw enable ops log = false
rgw dynamic resharding = false
rgw run sync thread = false
rgw max listing results = ${page}
rgw bucket quota ttl = 0
`;

const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
  for (let tried = 0; tried < 600; tried++) {
    if (await isSo()) return;
    await sleep(100);
  }
  throw new Error(`${what} did not come about within a minute`);
};

const ended = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', () => resolve()));

/** The gateway first. It ignores SIGTERM while a call hangs, and nothing in memory is worth waiting for. */
const stopAll = async (children: readonly ChildProcess[]): Promise<void> => {
  for (const child of children.toReversed()) {
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), 2000);
    await ended(child);
    clearTimeout(kill);
  }
};

const startCluster = async (folder: string, port: number, children: ChildProcess[]): Promise<void> => {
  const conf = join(folder, 'ceph.conf');
  const env = { ...process.env, CEPH_CONF: conf, CEPH_ARGS: '' };
  const start = (program: string, ...args: readonly string[]): void => {
    children.push(spawn(program, ['-c', conf, ...args, '-f'], { stdio: 'ignore', env }));
  };
  const ceph = (...args: readonly string[]) => runCommand('ceph', ['-c', conf, '--connect-timeout', '20', ...args]);
  const map = join(folder, 'monmap');
  const uuid = randomUUID();
  const fsid = /fsid = (\S+)/.exec(await readFile(conf, 'utf8'))?.[1] ?? '';
  await succeed('monmaptool', ['--create', '--fsid', fsid, '--addv', 'a', `[v2:127.0.0.1:${port + 1}]`, map]);
  await succeed('ceph-mon', ['-c', conf, '--mkfs', '-i', 'a', '--monmap', map, '--keyring', '/dev/null'], { env });
  start('ceph-mon', '-i', 'a');
  await until('the monitor', () => listens(port + 1));
  await until('the OSD’s number', async () => (await ceph('osd', 'new', uuid)).code === 0);
  await succeed('ceph-osd', ['-c', conf, '-i', '0', '--mkfs', '--osd-uuid', uuid], { env });
  start('ceph-osd', '-i', '0');
  await until('the OSD', async () => (await ceph('osd', 'stat')).stdout.includes('1 up'));
  start('radosgw', '-n', 'client.rgw');
  await until(
    'the gateway',
    async () => (await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined))?.ok === true,
  );
};

const clientOf = (endpoint: string, credentials: S3User): S3Client =>
  new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });

/** Starts one, installing its packages when need and right are there. Takes some seconds. */
export const startRadosgw = async ({ pem, page = 1000, room = 2 ** 31 }: RadosgwOptions = {}): Promise<Radosgw> => {
  const missing = await installPackages(serverPackages);
  if (missing.length > 0) throw new Error(missing.join(' '));
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-rgw-'));
  const children: ChildProcess[] = [];
  const killAll = (): void => children.forEach((child) => child.kill('SIGKILL'));
  process.once('exit', killAll);
  const stop = async (): Promise<void> => {
    await stopAll(children);
    process.off('exit', killAll);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    for (const name of ['mon', 'osd', 'run', 'log']) await mkdir(join(folder, name));
    const port = await freePorts(osdPorts + 3);
    await writeFile(join(folder, 'ceph.conf'), configuration(randomUUID(), { folder, port, pem, page, room }));
    await startCluster(folder, port, children);
    const admin = (...args: readonly string[]): Promise<string> =>
      succeed('radosgw-admin', ['-c', join(folder, 'ceph.conf'), '-n', 'client.admin', ...args]);
    const addUser = async (name: string, quota?: number): Promise<S3User> => {
      const user = { accessKeyId: name, secretAccessKey: `secret-of-${name}` };
      const keys = [`--access-key=${user.accessKeyId}`, `--secret-key=${user.secretAccessKey}`];
      await admin('user', 'create', `--uid=${name}`, `--display-name=${name}`, ...keys);
      if (quota !== undefined) {
        await admin('quota', 'set', '--quota-scope=bucket', `--uid=${name}`, `--max-size=${quota}`);
        await admin('quota', 'enable', '--quota-scope=bucket', `--uid=${name}`);
      }
      return user;
    };
    const owner = await addUser('owner');
    const endpoint = `http://127.0.0.1:${port}`;
    return { endpoint, port, owner, client: (user = owner) => clientOf(endpoint, user), addUser, admin, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
