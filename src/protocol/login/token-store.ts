import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Run } from '../../contract/run.ts';
import { Fault } from '../../model/fault.ts';
import { Secret } from '../../model/secret.ts';
import { sleep } from '../../system/clock.ts';
import { writeDurably } from '../../system/durable-file.ts';
import { errnoCode, errnoFault } from '../../system/errno.ts';
import type { AccessToken } from './access-token.ts';

/** What is remembered of a login with OAuth. */
export interface StoredTokens {
  readonly refreshToken: Secret;
  readonly access: AccessToken | undefined;
}

/** For whom tokens were made: those of another client or server are none. */
export interface TokenOwner {
  /** The account's name in the configuration. */
  readonly account: string;
  readonly clientId: string;
  readonly tokenEndpoint: string;
}

/** Tokens of one account in a file of their own, 0600. One process at a time changes them. */
export interface TokenStore {
  load(): Promise<StoredTokens | undefined>;
  /** On the disk before it returns. */
  save(tokens: StoredTokens): Promise<void>;
  /** Runs work while no other process renews the same tokens. */
  alone<Result>(run: Run, work: () => Promise<Result>): Promise<Result>;
}

const content = z.object({
  version: z.literal(1),
  account: z.string(),
  clientId: z.string(),
  tokenEndpoint: z.string(),
  refreshToken: z.string().min(1),
  accessToken: z.string().min(1).optional(),
  /** Nanoseconds since 1970, in decimal. */
  expiresAt: z
    .string()
    .regex(/^\d{1,20}$/)
    .optional(),
});

const fileOf = (account: string): string => {
  const digest = createHash('sha256').update(account).digest('hex').slice(0, 8);
  return `${account.replaceAll(/[^\w.@+-]/g, '_').slice(0, 64)}-${digest}.json`;
};

const unreadable = { ENOENT: 'configuration', EACCES: 'permission-denied' } as const;

export const createTokenStore = (stateDirectory: string, owner: TokenOwner): TokenStore => {
  const path = join(stateDirectory, 'tokens', fileOf(owner.account));
  const load = async (): Promise<StoredTokens | undefined> => {
    const text = await textOf(path);
    if (text === undefined) return undefined;
    const stored = parse(text, path);
    const isOurs = stored.clientId === owner.clientId && stored.tokenEndpoint === owner.tokenEndpoint;
    if (!isOurs || stored.account !== owner.account) return undefined;
    const { accessToken, expiresAt } = stored;
    return {
      refreshToken: new Secret(stored.refreshToken),
      access:
        accessToken === undefined || expiresAt === undefined
          ? undefined
          : { token: new Secret(accessToken), expiresAt: BigInt(expiresAt) },
    };
  };
  const save = ({ refreshToken, access }: StoredTokens): Promise<void> => {
    const stored: z.input<typeof content> = {
      version: 1,
      ...owner,
      refreshToken: refreshToken.reveal(),
      ...(access === undefined ? {} : { accessToken: access.token.reveal(), expiresAt: access.expiresAt.toString() }),
    };
    return writeDurably(path, `${JSON.stringify(stored, undefined, 2)}\n`);
  };
  return { load, save, alone: (run, work) => alone(`${path}.lock`, run, work) };
};

const textOf = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw errnoFault(error, 'read', path, unreadable);
  }
};

const parse = (text: string, path: string): z.output<typeof content> => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const parsed = content.safeParse(value);
  if (parsed.success) return parsed.data;
  // The parser's complaint may quote a token.
  throw new Fault('configuration', `the tokens in ${path} cannot be read`, {
    hint: 'Remove this file, and run `mailkeep login ACCOUNT` again.',
    context: { path },
  });
};

/** Whoever dies while it renews tokens leaves its lock behind; no renewal takes this long. */
const staleAfter = 120_000;

const alone = async <Result>(lock: string, run: Run, work: () => Promise<Result>): Promise<Result> => {
  while (!(await take(lock))) {
    if (await isStale(lock, run)) await rm(lock, { force: true });
    else await sleep(100, run.signal);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
};

const take = async (lock: string): Promise<boolean> => {
  try {
    await mkdir(dirname(lock), { recursive: true, mode: 0o700 });
    await (await open(lock, 'wx', 0o600)).close();
    return true;
  } catch (error) {
    if (errnoCode(error) === 'EEXIST') return false;
    throw errnoFault(error, 'write', lock);
  }
};

const isStale = async (lock: string, run: Run): Promise<boolean> => {
  try {
    return Number(run.now() / 1_000_000n) - (await stat(lock)).mtimeMs > staleAfter;
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return false;
    throw errnoFault(error, 'look at', lock);
  }
};
