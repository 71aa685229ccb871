import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../model/fault.ts';
import type { Environment } from './environment.ts';

/** The repository that is used when nobody names one, and where its password is. */
export interface DefaultRepository {
  readonly location: string;
  readonly passwordFile: string;
  readonly exists: boolean;
}

export const defaultRepository = (
  environment: Pick<Environment, 'dataDirectory' | 'configDirectory'>,
): DefaultRepository => {
  const location = join(environment.dataDirectory, 'repository');
  const passwordFile = join(environment.configDirectory, 'repository-password');
  return { location, passwordFile, exists: existsSync(join(location, 'config')) };
};

/** Groups of five from 32 letters and digits that nobody mistakes for one another: 30 of them are 150 bits. */
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';

const generatePassword = (): string =>
  Array.from(randomBytes(30), (byte, number) => (number > 0 && number % 5 === 0 ? '-' : '') + alphabet[byte % 32]).join(
    '',
  );

/**
 * Makes a password file, 0600 in a folder 0700, durable before it returns. One that is there is used again: it may belong
 * to a repository on a disk that is not mounted now.
 */
export const ensurePasswordFile = async (path: string, folder: string): Promise<'made' | 'there'> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(`${generatePassword()}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    const directory = await open(folder, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
    return 'made';
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return 'there';
    throw new Fault('configuration', `the password file ${path} cannot be written`, { cause: error });
  }
};
