import { access, chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, fillCache } from './cache-folder.ts';
import { runCommand } from './command.ts';
import { MissingRequirement, unpackFromSuite } from './debian.ts';

/** MySQL's own server, which Debian has in no release, beside the system. */
export interface MysqlPrograms {
  /** `mysqld`, `mysql` and `mysqldump`, to be put in front of PATH. */
  readonly bin: string;
  /** Its `usr`. */
  readonly base: string;
}

const programs = ['sbin/mysqld', 'bin/mysql', 'bin/mysqldump'];

/** Out of Debian's suite sid, with the C library that it was built for. Rejects with `MissingRequirement` when it cannot be had. */
export async function mysqlPrograms(): Promise<MysqlPrograms> {
  const name = 'mysql-server';
  const folder = join(cacheFolder(), name);
  const isThere = await access(folder).then(
    () => true,
    () => false,
  );
  if (!isThere) await fillCache(name, (into) => fill(into, folder));
  const bin = join(folder, 'bin-of-tests');
  const answer = await runCommand(join(bin, 'mysqld'), ['--version']);
  if (answer.code !== 0) throw new MissingRequirement(`MySQL does not run here: ${answer.stderr.trim()}`);
  return { bin, base: join(folder, 'usr') };
}

async function fill(into: string, final: string): Promise<void> {
  await unpackFromSuite({ suite: 'sid', names: ['mysql-server-core', 'mysql-client-core'], whole: true, into });
  const bin = join(into, 'bin-of-tests');
  await mkdir(bin);
  const loader = `${final}/usr/lib64/ld-linux-x86-64.so.2 --library-path ${final}/usr/lib/x86_64-linux-gnu`;
  for (const program of programs) {
    const start = join(bin, program.replace(/^.*\//, ''));
    await writeFile(start, `#!/bin/sh\nexec ${loader} ${final}/usr/${program} "$@"\n`);
    await chmod(start, 0o755);
  }
}
