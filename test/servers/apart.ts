import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type UnpackedServer, unpackedServer } from '../requirement/unpacked.ts';
import { listening, mailOwner, makeCertificate } from './dovecot.ts';

/** Mounting is for the superuser. */
export const canRunApart = process.getuid?.() === 0;

export interface ApartOptions {
  readonly server: UnpackedServer;
  /**
   * Shell commands, with the server's files among the system's. The last one stays, as the superuser: the first process of the
   * namespace ends with the one that started it only as long as it changes nothing about who it is.
   */
  readonly script: (folder: string) => string;
  readonly port: number;
  /** Makes files in the folder before it starts. */
  readonly prepare: (folder: string) => Promise<void>;
}

export interface Apart {
  readonly folder: string;
  readonly certificateAuthority: string;
  stop(): Promise<void>;
}

/** The accounts that the servers of these tests run as, which the system need not have. */
const accounts = {
  passwd: `root:x:0:0:root:/root:/bin/sh
mail:x:8:8:mail:/var/mail:/usr/sbin/nologin
vmail:x:${mailOwner}:${mailOwner}::/:/usr/sbin/nologin
courier:x:23451:23451::/:/usr/sbin/nologin
cyrus:x:23452:8::/:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/:/usr/sbin/nologin
`,
  group: `root:x:0:\nmail:x:8:\nvmail:x:${mailOwner}:\ncourier:x:23451:\nnogroup:x:65534:\n`,
};

/**
 * Starts an unpacked server in namespaces of its own: its files lie over /usr and /etc, /run is its own, and when it is
 * stopped the kernel ends every process of it.
 */
export const startApart = async ({ server, script, port, prepare }: ApartOptions): Promise<Apart> => {
  const tree = await unpackedServer(server);
  const folder = await mkdtemp(join(tmpdir(), `mailkeep-${server}-`));
  await chmod(folder, 0o755);
  const { authority } = await makeCertificate(folder);
  await mkdir(join(folder, 'run'));
  for (const [name, content] of Object.entries(accounts)) await writeFile(join(folder, name), content);
  await prepare(folder);
  const start = `set -e
mount -t overlay overlay -o lowerdir=${tree}/usr:/usr /usr
mount -t overlay overlay -o lowerdir=${tree}/etc:/etc /etc
mount --bind ${folder}/passwd /etc/passwd
mount --bind ${folder}/group /etc/group
mount --bind ${folder}/run /run
exec > ${folder}/start.log 2>&1
${script(folder)}
`;
  const child = spawn('unshare', ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', start], {
    stdio: 'ignore',
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      // It takes its first process along, and that one all others of the namespace.
      child.kill('SIGKILL');
      await ended;
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  try {
    await listening(port, child);
  } catch (error) {
    const log = await readFile(join(folder, 'start.log'), 'utf8').catch(() => '');
    await stop();
    throw new Error(`${server} does not start: ${log}`, { cause: error });
  }
  return { folder, certificateAuthority: authority, stop };
};
