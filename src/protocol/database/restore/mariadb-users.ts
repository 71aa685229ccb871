import type { Run } from '../../../contract/run.ts';
import { mariadbFault } from '../mariadb/fault.ts';
import { readDump } from './dump-files.ts';
import { feed } from './feed.ts';
import type { Loading } from './mariadb-load.ts';
import { readServerState } from './mariadb-state.ts';
import { wholeDump } from './whole-dump.ts';

/** `` `alice`@`%` `` or `'alice'@'%'`: whom a statement of users.sql is about. */
const accountPattern = /(?:^CREATE USER IF NOT EXISTS|\bTO|\bFOR) (["'`])((?:(?!\1).)*)\1@(["'`])((?:(?!\3).)*)\3/;

/** Adds the users of `users.sql` that are not there; those that are keep their passwords and rights. */
export const addUsers = async ({ client, dumps, request }: Loading, run: Run): Promise<void> => {
  const parts = await Array.fromAsync(wholeDump(request.entry.name, readDump(dumps, request, run)));
  const { accounts } = await readServerState(client, run);
  const lines = Buffer.concat(parts).toString('utf8').split('\n');
  const isWanted = (line: string): boolean => {
    const [, , user, , host] = accountPattern.exec(line) ?? [];
    return user === undefined || host === undefined || !accounts.has(`${user}@${host}`);
  };
  const text = lines.filter((line) => isWanted(line)).join('\n');
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield new TextEncoder().encode(text);
  }
  const program = await client.start({ candidates: client.programs.client, parameters: ['--batch'], mode: 'fed' }, run);
  const end = await feed(program, bytes(), run);
  if (end.code !== 0) throw mariadbFault(end, 'users cannot be added');
};
