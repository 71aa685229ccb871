import { readFile } from 'node:fs/promises';
import { Fault } from '../model/fault.ts';
import type { PasswordSource } from './environment.ts';
import { readSecret } from './read-secret.ts';
import { runSecretCommand } from './secret-command.ts';
import { splitCommand } from '../model/split-command.ts';

/**
 * Asks a source for the password; a trailing line break is not part of it, nor a byte order mark in a file.
 * Faults: `configuration`, whose context and cause never hold the password, and `interrupted`.
 */
export const readPassword = async (source: PasswordSource, signal: AbortSignal): Promise<string> => {
  const password = await askSource(source, signal);
  if (password !== '') return password;
  throw new Fault('configuration', `the password from ${describe(source)} is empty`, {
    hint: 'A repository is never used without a password.',
  });
};

const describe = (source: PasswordSource): string => {
  switch (source.kind) {
    case 'file':
      return `the file ${source.path}`;
    case 'command':
      return 'the password command';
    case 'value':
      return 'the environment';
    case 'configured':
      return 'the configuration';
  }
};

const askSource = async (source: PasswordSource, signal: AbortSignal): Promise<string> => {
  switch (source.kind) {
    case 'value':
      return source.password;
    case 'file':
      return readPasswordFile(source.path);
    case 'command':
      return runPasswordCommand(source.command, signal);
    case 'configured':
      return (await readSecret(source.source, { signal })).reveal();
  }
};

const readPasswordFile = async (path: string): Promise<string> => {
  try {
    return (await readFile(path, 'utf8')).replace(/^\ufeff/, '').replace(/\r?\n$/, '');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'it cannot be read';
    throw new Fault('configuration', `the password file ${path} cannot be read (${reason})`, {
      hint: 'Check the name that was given (by an option or the environment), and who may read the file.',
    });
  }
};

const runPasswordCommand = async (command: string, signal: AbortSignal): Promise<string> => {
  const words = splitCommand(command);
  const [program] = words;
  if (program === undefined) throw new Fault('configuration', 'the password command is empty');
  const answer = await runSecretCommand(words, signal);
  if ('output' in answer) return answer.output;
  throw new Fault('configuration', `the password command ${program} failed`, {
    hint: 'Run it by hand: it must print the password and end with 0.',
  });
};
