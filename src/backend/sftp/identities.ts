import { readFile } from 'node:fs/promises';
import ssh2, {
  type AgentAuthMethod,
  type BaseAgent,
  type IdentityCallback,
  type ParsedKey,
  type PublicKeyAuthMethod,
} from 'ssh2';
import { Fault } from '../../model/fault.ts';
import { errnoCode } from '../../system/errno.ts';
import type { SshConfig } from './ssh-config.ts';

/** What we can show a server to be let in, and what we have but cannot use. */
export interface Identities {
  readonly methods: (PublicKeyAuthMethod | AgentAuthMethod)[];
  /** Sentences for the hint when nothing was accepted. */
  readonly unused: readonly string[];
}

/** A key file's text; undefined where there is none, as of most of the usual names. */
const textOf = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoCode(error) ?? '')) return undefined;
    throw error;
  }
};

/** One that cannot be read narrows the agent's keys to none of it; that it cannot be read is told where it is tried itself. */
const textIfReadable = (path: string): Promise<string | undefined> => textOf(path).catch(() => undefined);

const publicKeyIn = async (path: string): Promise<Buffer | undefined> => {
  const text = (await textIfReadable(`${path}.pub`)) ?? (await textIfReadable(path));
  const parsed = text === undefined ? undefined : ssh2.utils.parseKey(text);
  if (parsed === undefined || parsed instanceof Error) return undefined;
  return 'getPublicSSH' in parsed ? parsed.getPublicSSH() : undefined;
};

/** An agent that shows only some of its keys, as `IdentitiesOnly` wants it. */
class NarrowAgent extends ssh2.OpenSSHAgent {
  readonly #wanted: readonly Buffer[];

  constructor(socket: string, wanted: readonly Buffer[]) {
    super(socket);
    this.#wanted = wanted;
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    super.getIdentities((error, keys) => {
      const own = keys?.filter((key) => 'getPublicSSH' in key);
      callback(
        error,
        own?.filter((key) => this.#wanted.some((wanted) => wanted.equals(key.getPublicSSH()))),
      );
    });
  }
}

const agentOf = async (socket: string, { identitiesOnly, identityFiles }: SshConfig): Promise<BaseAgent> => {
  if (!identitiesOnly) return ssh2.createAgent(socket);
  const keys = await Promise.all(identityFiles.map(publicKeyIn));
  return new NarrowAgent(
    socket,
    keys.filter((key) => key !== undefined),
  );
};

/** Keys from files that need no passphrase come first, then the agent. Fault `configuration` when there is neither. */
export const gatherIdentities = async (config: SshConfig): Promise<Identities> => {
  const username = config.user;
  const methods: (PublicKeyAuthMethod | AgentAuthMethod)[] = [];
  const unused: string[] = [];
  for (const path of config.identityFiles) {
    let text: string | undefined;
    try {
      text = await textOf(path);
    } catch (error) {
      unused.push(`The key ${path} cannot be read (${errnoCode(error) ?? 'unknown error'}).`);
    }
    if (text === undefined) continue;
    const parsed = ssh2.utils.parseKey(text);
    if (!(parsed instanceof Error)) {
      methods.push({ type: 'publickey', username, key: text });
    } else if (/encrypted/i.test(parsed.message)) {
      unused.push(`The key ${path} is encrypted; load it into the agent: ssh-add ${path}`);
    } else {
      unused.push(`The key ${path} is of a kind that only ssh can use (see sftp.command).`);
    }
  }
  if (config.agentSocket !== undefined) {
    methods.push({ type: 'agent', username, agent: await agentOf(config.agentSocket, config) });
  }
  if (methods.length > 0) return { methods, unused };
  throw new Fault('credentials-refused', `there is no key to show to ${config.host}`, {
    hint:
      unused.join(' ') ||
      'Make one with ssh-keygen and bring it to the server with ssh-copy-id, or start the agent (SSH_AUTH_SOCK).',
  });
};
