import { Fault } from '../../../model/fault.ts';
import type { Run } from '../../../contract/run.ts';
import type { ProgramSite } from '../../../system/program-site.ts';

/** A server of MariaDB or MySQL as it is installed. */
export interface MariadbPrograms {
  readonly brand: 'mariadb' | 'mysql';
  /** The server. */
  readonly server: string;
  /** As it tells it: `10.11.6`. */
  readonly version: string;
}

/** Each may be called as the other is, for old scripts. */
const servers: readonly string[] = ['mariadbd', 'mysqld'];
const installers: readonly string[] = ['mariadb-install-db', 'mysql_install_db'];

/** Undefined: none is there. */
export const findMariadb = async (site: ProgramSite, { signal }: Run): Promise<MariadbPrograms | undefined> => {
  for (const server of servers) {
    const asked = await site.run({ program: server, parameters: ['--no-defaults', '--version'] }, signal);
    if (asked?.code !== 0) continue;
    const [, version = ''] = /Ver (\d[\d.]*)/.exec(asked.stdout) ?? [];
    return { brand: /mariadb/i.test(asked.stdout) ? 'mariadb' : 'mysql', server, version };
  }
  return undefined;
};

export interface MariadbPlace {
  readonly site: ProgramSite;
  /** As every program of it gets them. */
  readonly common: readonly string[];
}

const refused = (program: string, said: { readonly stdout: string; readonly stderr: string }): Fault => {
  const words = `${said.stdout}${said.stderr}`.trim().slice(-400);
  return new Fault('server-unavailable', `${program} cannot make a database for the drill: ${words}`);
};

/** Makes the files of a server without any data, whose root has no password. False: the program for it is not there. */
export const installMariadb = async (
  { brand, server }: MariadbPrograms,
  { site, common }: MariadbPlace,
  run: Run,
): Promise<boolean> => {
  if (brand === 'mysql') {
    const parameters = ['--no-defaults', '--initialize-insecure', ...common];
    const ended = await site.run({ program: server, parameters }, run.signal);
    if (ended !== undefined && ended.code !== 0) throw refused(server, ended);
    return ended !== undefined;
  }
  const parameters = ['--no-defaults', ...common, '--auth-root-authentication-method=normal', '--skip-test-db'];
  for (const program of installers) {
    const ended = await site.run({ program, parameters }, run.signal);
    if (ended === undefined) continue;
    if (ended.code === 0) return true;
    throw refused(program, ended);
  }
  return false;
};
