import { Fault } from '../../../model/fault.ts';
import { programFault } from '../program-fault.ts';
import type { ProgramEnd } from '../start-program.ts';

/**
 * Why a program of PostgreSQL failed. Faults: `credentials-refused`, `permission-denied`, `server-unavailable`,
 * `configuration`, `unsupported` for a server that is newer than its program, else `entry-unreadable`.
 */
export const postgresFault = (end: ProgramEnd, what: string): Fault => {
  const general = programFault(end, what);
  if (general !== undefined) return general;
  const { said } = end;
  const message = `${what}: ${said === '' ? `its program ended with ${end.code}` : said}`;
  if (/authentication failed|no password supplied|role ".*" does not exist|no pg_hba\.conf entry/i.test(said)) {
    const hint =
      'Check user and password; where the server knows its users by those of the system, set systemUser: postgres.';
    return new Fault('credentials-refused', message, { hint });
  }
  if (/permission denied|must be superuser/i.test(said)) {
    return new Fault('permission-denied', message, {
      hint: 'The user needs pg_read_all_data, and for roles and their passwords the rights of a superuser (or globals: false).',
    });
  }
  if (/server version mismatch/i.test(said)) {
    return new Fault('unsupported', message, {
      hint: "Install the server's own version of pg_dump, or use its container's.",
    });
  }
  if (
    /could not connect|connection to server|server closed the connection|the database system is|terminating connection/i.test(
      said,
    )
  ) {
    return new Fault('server-unavailable', message, {
      hint: 'Look whether the server runs, and at its log.',
      retry: true,
    });
  }
  return new Fault('entry-unreadable', message, { hint: "Look at the server's log.", retry: true });
};
