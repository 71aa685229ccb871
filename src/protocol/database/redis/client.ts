import type { Run } from '../../../contract/run.ts';
import { Fault } from '../../../model/fault.ts';
import type { RedisSetting } from '../config.ts';
import type { DatabaseParts } from '../parts.ts';
import { nameOfPlace } from '../place.ts';
import { programFault } from '../program-fault.ts';
import { readOutput } from '../read-output.ts';
import { withoutSecrets } from '../said.ts';
import { type ProgramCall, type ProgramEnd, type StartedProgram, startProgram } from '../start-program.ts';

/** A Redis as redis-cli reaches it. */
export interface RedisClient {
  /** For people: `Redis in the container mailcow-redis`. */
  readonly description: string;
  /** The lines of the answer to one command, which has no spaces within its words. Faults as `redisFault`. */
  ask(command: string, run: Run): Promise<readonly string[]>;
  /** Starts another program where the server is. */
  start(call: Pick<ProgramCall, 'candidates' | 'parameters' | 'mode'>, run: Run): Promise<StartedProgram>;
}

/** As redis-cli reads words: in quotes, bytes escaped. */
const quoted = (text: string): string =>
  `"${[...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}"`;

/** Fetches the password. Faults of `ReadSecret`. */
export const createRedisClient = async (
  setting: RedisSetting,
  parts: DatabaseParts,
  run: Run,
): Promise<RedisClient> => {
  const password = setting.password === undefined ? '' : (await parts.readSecret(setting.password, run)).reveal();
  const site = { place: setting.in, systemUser: setting.systemUser, variables: parts.variables };
  const { host, port, socket, user } = setting;
  const parameters = [
    ...(host === undefined ? [] : ['-h', host]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(socket === undefined ? [] : ['-s', socket]),
  ];
  const login = password === '' ? [] : [`AUTH ${user === undefined ? '' : `${quoted(user)} `}${quoted(password)}`];
  const hidden = [password, quoted(password)];
  const description = `Redis${nameOfPlace(setting.in)}`;
  const start: RedisClient['start'] = (call, run) =>
    startProgram(site, { ...call, secret: '', hidden, ownFiles: true }, run);
  return {
    description,
    start,
    ask: async (command, run) => {
      const program = await start(
        { candidates: ['redis-cli', 'valkey-cli', 'keydb-cli'], parameters, mode: 'fed' },
        run,
      );
      const { output, end } = await readOutput(program, [...login, command, ''].join('\n'), run);
      const lines = output.split(/\r?\n/);
      if (login.length > 0 && lines[0] === 'OK') lines.shift();
      const error = lines.find((line) =>
        /^(?:\(error\) )?(?:ERR|NOAUTH|WRONGPASS|NOPERM|DENIED|LOADING|MISCONF|MASTERDOWN|Could not connect)\b/.test(
          line,
        ),
      );
      // It ends with 0 also when it reached nobody.
      const isReached = !end.said.includes('Could not connect');
      if (end.code === 0 && isReached && error === undefined) return lines.filter((line) => line !== '');
      const said = withoutSecrets([end.said, error ?? ''].join(' ').trim(), hidden);
      throw redisFault({ ...end, said }, `${description} cannot be asked`);
    },
  };
};

/**
 * Why Redis or redis-cli failed. Faults: `credentials-refused`, `permission-denied`, `server-unavailable`, `configuration` for a missing
 * program or container, else `entry-unreadable`.
 */
export const redisFault = (end: ProgramEnd, what: string): Fault => {
  const general = programFault(end, what);
  if (general !== undefined) return general;
  const message = `${what}: ${end.said === '' ? `its program ended with ${end.code}` : end.said}`;
  if (/NOAUTH|WRONGPASS|invalid password|without any password configured/i.test(message)) {
    return new Fault('credentials-refused', message, { hint: 'Check user and password of the component.' });
  }
  if (/NOPERM/.test(message)) {
    const hint = 'The user needs the commands INFO, BGSAVE, LASTSAVE and CONFIG GET; with file, not the last.';
    return new Fault('permission-denied', message, { hint });
  }
  if (/Could not connect|Connection refused|LOADING|reset by peer/i.test(message)) {
    return new Fault('server-unavailable', message, { hint: 'Look whether the server runs.', retry: true });
  }
  return new Fault('entry-unreadable', message, { hint: "Look at the server's log.", retry: true });
};
