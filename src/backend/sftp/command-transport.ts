import { Fault, type FaultCode } from '../../model/fault.ts';
import { type ChildStream, startChild } from '../child-stream.ts';
import type { SftpTransport } from './session-pool.ts';
import type { SftpStream } from './session.ts';

/** What OpenSSH's client says of troubles that waiting does not mend. */
const troubles: readonly (readonly [RegExp, FaultCode, string])[] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for .* has changed|REVOKED HOST KEY/,
    'host-key-changed',
    'Somebody may be listening in. Only if you know why it changed, remove the old key from known_hosts.',
  ],
  [/Host key verification failed/, 'host-key-unknown', 'Connect once with ssh and compare the key that it shows.'],
  [
    /Permission denied \(|Too many authentication failures/,
    'credentials-refused',
    'The key must be in the agent or without a passphrase.',
  ],
];

const endingFault = async (child: ChildStream): Promise<Fault> => {
  const how = await child.ended;
  const { program, spoke } = child;
  const said = child.lastWords();
  const context = { program, how };
  for (const [pattern, code, hint] of troubles) {
    if (!spoke && pattern.test(said)) {
      return new Fault(code, `${program} made no connection: ${said}`, { hint, context });
    }
  }
  return new Fault('backend-unavailable', `${program} ended (${how})${said === '' ? '' : `: ${said}`}`, {
    hint: 'Try the command of sftp.command by itself.',
    retry: spoke,
    context,
  });
};

const start = (command: readonly string[]): SftpStream => {
  const child = startChild(command);
  const { input, output } = child;
  return { input, output, destroy: () => child.end(), reason: () => endingFault(child) };
};

/** SFTP over the standard input and output of a program, as with restic's `-o sftp.command`. One child serves all calls. */
export const createCommandTransport = (command: readonly string[]): SftpTransport => {
  const streams = new Set<SftpStream>();
  return {
    streams: 1,
    open: async () => {
      const stream = start(command);
      streams.add(stream);
      stream.input.once('close', () => streams.delete(stream));
      return stream;
    },
    close: () => {
      for (const stream of streams) stream.destroy();
    },
  };
};
