import { Fault } from '../../../model/fault.ts';
import { programFault } from '../program-fault.ts';
import type { ProgramEnd } from '../start-program.ts';

const userHint =
  'Check user and password, and what the user may do: SELECT, SHOW VIEW, TRIGGER, EVENT and LOCK TABLES on the databases, PROCESS for events; see docs/databases.md.';

/**
 * Why a program of MariaDB or MySQL failed. Faults: `credentials-refused`, `permission-denied`, `server-unavailable`,
 * `certificate-untrusted`, `configuration` for a missing program or container or a server that wants TLS, else `entry-unreadable`.
 *
 * @param what begins the sentence: `MariaDB cannot be asked`.
 */
export const mariadbFault = (end: ProgramEnd, what: string): Fault => {
  const general = programFault(end, what);
  if (general !== undefined) return general;
  const { said } = end;
  const message = `${what}: ${said === '' ? `its program ended with ${end.code}` : said}`;
  if (/\b(?:1045|1698|1044|1862)\b.*(?:denied|expired)|Access denied for user/i.test(said)) {
    return new Fault('credentials-refused', message, { hint: userHint });
  }
  if (/\b(?:1142|1143|1227|1370)\b|Access denied; you need/i.test(said)) {
    return new Fault('permission-denied', message, { hint: userHint });
  }
  const ofTransport = transportFault(said, message);
  if (ofTransport !== undefined) return ofTransport;
  if (
    /\b(?:2002|2003|2005|2006|2013|2026|2055|1040|1053|1205|1213)\b|Can't connect|Lost connection|has gone away/i.test(
      said,
    )
  ) {
    return new Fault('server-unavailable', message, {
      hint: 'Look whether the server runs, and at its log.',
      retry: true,
    });
  }
  if (/references invalid table|\b1356\b|\b1449\b/.test(said)) {
    return new Fault('entry-unreadable', message, {
      hint: 'A view, trigger or routine leads to something that is gone. Mend or drop it: no dump is whole as long as it is there.',
    });
  }
  return new Fault('entry-unreadable', message, { hint: "Look at the server's log.", retry: true });
};

/** TLS that the server wants, and the certificate that it shows. */
const transportFault = (said: string, message: string): Fault | undefined => {
  if (/\b2026\b.*certificate/i.test(said)) {
    return new Fault('certificate-untrusted', message, {
      hint: 'Is it the right server? Say under [client] of defaultsFile whom to trust: ssl-ca; see docs/databases.md.',
    });
  }
  if (/\b(?:3159|2061)\b|insecure transport|requires? secure connection/i.test(said)) {
    return new Fault('configuration', message, {
      hint: "Ask for TLS under [client] of defaultsFile: ssl-mode=REQUIRED for MySQL's programs, ssl for MariaDB's; see docs/databases.md.",
    });
  }
  return undefined;
};
