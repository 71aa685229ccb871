import { Fault } from '../../model/fault.ts';
import { terminalLine } from '../../mail/terminal-text.ts';
import type { ProgramEnd } from './start-program.ts';

/** A daemon of containers that cannot begin a program says why on the program's output. */
export const withOutput = (end: ProgramEnd, output: string): ProgramEnd =>
  (end.code === 126 || end.code === 127) && end.said === ''
    ? { ...end, said: terminalLine(output.trim()).slice(-500) }
    : end;

/**
 * What docker, podman and the script say, whatever the database is: a program or container that is not there, a daemon that
 * does not answer, a program that was killed. Undefined: the database's own program said it.
 */
export const programFault = ({ code, said }: ProgramEnd, what: string): Fault | undefined => {
  const missing = /mailkeep: not there: (.*)/.exec(said)?.[1];
  if (code === 127 && missing !== undefined) {
    const names = missing.trim().split(' ').join(' or ');
    return new Fault('configuration', `${what}: there is no program ${names}`, {
      hint: 'Install it, or say under "in" in which container it is.',
    });
  }
  const message = `${what}: ${said === '' ? `its program ended with ${code}` : said}`;
  if (/permission denied while trying to connect to the docker/i.test(said)) {
    return new Fault('permission-denied', message, { hint: 'Run as root, or as a member of the group docker.' });
  }
  if (/executable file not found|mailkeep: no folder for a temporary file/i.test(said)) {
    const hint = 'The container needs a shell, mktemp, and one of /tmp, /dev/shm and /run to write to.';
    return new Fault('unsupported', message, { hint });
  }
  if (
    /Cannot connect to the Docker daemon|No such container|no container with name|no such (?:object|service)|is not running|stopped container|in a stopped state|container state improper|is paused|is restarting/i.test(
      said,
    )
  ) {
    return new Fault('server-unavailable', message, { hint: 'Start the container.', retry: true });
  }
  // 128 and the signal, as a shell tells it; a container that is stopped ends all that runs in it.
  if (code === 137 || code === 143 || code === -1) {
    const why = said === '' ? '' : `: ${said}`;
    return new Fault('server-unavailable', `${what}: its program was killed${why}`, {
      hint: 'Look whether the server or its container was stopped, or memory ran out.',
      retry: true,
    });
  }
  return undefined;
};
