import type { RestoredTree, SieveOutcome, ThrowawayDatabase, ThrowawayMail } from '../contract/drill.ts';
import type { Run } from '../contract/run.ts';
import type { ThrowawayMariadbWish } from '../protocol/database/drill/throwaway-mariadb.ts';
import type { ThrowawayDovecotWish } from '../protocol/imap/drill/throwaway-dovecot.ts';

/* What a drill starts and looks at; imported when it is asked for. */

export const throwawayDatabase = async (
  wish: ThrowawayMariadbWish,
  run: Run,
): Promise<ThrowawayDatabase | undefined> => {
  const { startThrowawayMariadb } = await import('../protocol/database/drill/throwaway-mariadb.ts');
  return startThrowawayMariadb(wish, run);
};

export const throwawayMail = async (wish: ThrowawayDovecotWish, run: Run): Promise<ThrowawayMail | undefined> => {
  const { startThrowawayDovecot } = await import('../protocol/imap/drill/throwaway-dovecot.ts');
  return startThrowawayDovecot(wish, run);
};

/** Loads what restored trees are looked at with. */
export const restoredTrees = async (): Promise<(folder: string) => RestoredTree> =>
  (await import('../protocol/server/drill/restored-tree.ts')).restoredTreeIn;

export interface SieveWish {
  readonly file: string;
  /** Where what is compiled is written to; thrown away. */
  readonly output: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Undefined: there is no sievec. */
export const compiledSieve = async (wish: SieveWish, run: Run): Promise<SieveOutcome | undefined> => {
  const { compileSieve } = await import('../protocol/server/drill/compile-sieve.ts');
  return compileSieve(wish, run);
};
