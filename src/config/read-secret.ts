import { readFile } from 'node:fs/promises';
import type { SecretSource } from '../contract/secret-source.ts';
import { Fault } from '../model/fault.ts';
import { Secret } from '../model/secret.ts';
import { errnoCode, errnoFault } from '../system/errno.ts';
import { openToOthers } from './open-to-others.ts';
import { runSecretCommand } from './secret-command.ts';
import { splitCommand } from '../model/split-command.ts';

type Variables = Readonly<Record<string, string | undefined>>;

interface Cancellable {
  readonly signal: AbortSignal;
}

/** Fetches a secret that a configuration names, as the contract `ReadSecret`. */
export const readSecret = async (
  source: SecretSource,
  { signal }: Cancellable,
  variables: Variables = process.env,
): Promise<Secret> => {
  const secret = new Secret(await ask(source, signal, variables));
  if (!secret.isEmpty) return secret;
  throw new Fault('configuration', `the secret from ${nameOf(source)} is empty`, { hint: 'Put it there.' });
};

/** What a source is called in sentences; never the secret itself. */
export const nameOf = (source: SecretSource): string => {
  switch (source.kind) {
    case 'file':
      return `the file ${source.value}`;
    case 'command':
      return `the command ${splitCommand(source.value)[0] ?? ''}`;
    case 'environment':
      return `the variable ${source.value}`;
    case 'keyring':
      return `the keyring (service ${source.value.service}, account ${source.value.account})`;
    case 'value':
      return 'the configuration';
  }
};

const ask = async (source: SecretSource, signal: AbortSignal, variables: Variables): Promise<string> => {
  switch (source.kind) {
    case 'file':
      return fromFile(source.value);
    case 'command':
      return fromCommand(source.value, signal);
    case 'environment':
      return fromVariable(source.value, variables);
    case 'keyring':
      return fromKeyring(source, signal);
    case 'value':
      return source.value;
  }
};

const fromFile = async (path: string): Promise<string> => {
  try {
    if (await openToOthers(path, 'read')) {
      throw new Fault('configuration', `the file ${path} holds a secret, and others may read it`, {
        hint: `chmod 600 ${path}`,
        context: { path },
      });
    }
    return (await readFile(path, 'utf8')).replace(/^\ufeff/, '').replace(/\r?\n$/, '');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') {
      throw new Fault('configuration', `cannot read the secret in ${path}: it is not there`, {
        hint: 'Put the secret into this file and chmod 600 it, or have the configuration name another.',
        context: { path },
        cause: error,
      });
    }
    throw errnoFault(error, 'read the secret in', path, {
      ENOTDIR: 'configuration',
      EISDIR: 'configuration',
      EACCES: 'configuration',
      EPERM: 'configuration',
    });
  }
};

const fromCommand = async (command: string, signal: AbortSignal): Promise<string> => {
  const words = splitCommand(command);
  const [program = ''] = words;
  const answer = await runSecretCommand(words, signal);
  if ('output' in answer) return answer.output;
  const { failure } = answer;
  const how = failure === 'missing' ? 'is not there' : `failed${endedWith(failure.exitCode)}`;
  throw new Fault('configuration', `the command ${program}, which prints a secret, ${how}`, {
    hint: 'Run it by hand: it must print the secret and end with 0.',
    context: { program },
  });
};

const endedWith = (exitCode: number | undefined): string => (exitCode === undefined ? '' : ` (exit code ${exitCode})`);

const fromVariable = (name: string, variables: Variables): string => {
  const value = variables[name];
  if (value !== undefined && value !== '') return value;
  throw new Fault('configuration', `the variable ${name}, which holds a secret, is not set`, {
    hint: 'Set it where the program is started; a timer or a service has an environment of its own.',
    context: { variable: name },
  });
};

type KeyringSource = Extract<SecretSource, { kind: 'keyring' }>;

/** The Secret Service of the desktop by libsecret's own program, and the keychain of macOS by its own. */
const fromKeyring = async (source: KeyringSource, signal: AbortSignal): Promise<string> => {
  const { service, account } = source.value;
  const isMac = process.platform === 'darwin';
  const words = isMac
    ? ['security', 'find-generic-password', '-s', service, '-a', account, '-w']
    : ['secret-tool', 'lookup', 'service', service, 'account', account];
  const answer = await runSecretCommand(words, signal);
  if ('output' in answer && answer.output !== '') return answer.output;
  if ('failure' in answer && answer.failure === 'missing') {
    throw new Fault('configuration', 'the system keyring cannot be asked: secret-tool is not installed', {
      hint: 'On Debian it is in libsecret-tools, on Fedora in libsecret.',
    });
  }
  const store = isMac
    ? `security add-generic-password -s ${service} -a ${account} -w`
    : `secret-tool store --label=Mailkeep service ${service} account ${account}`;
  throw new Fault('configuration', `${nameOf(source)} gave no secret`, {
    hint: `Put it there: ${store}. A timer or a service may have no keyring that is unlocked; a file serves it better.`,
  });
};
