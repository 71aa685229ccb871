import type {
  RestoredTree,
  SieveOutcome,
  StartedTransport,
  StartedWebmail,
  ThrowawayDatabase,
  ThrowawayKind,
  ThrowawayMail,
} from '../contract/drill.ts';
import type { Run } from '../contract/run.ts';
import type { ThrowawayWish } from '../protocol/database/drill/throwaway-wish.ts';
import type { ThrowawayDovecotWish } from '../protocol/imap/drill/throwaway-dovecot.ts';
import type { ThrowawayPostfixWish } from '../protocol/smtp/drill/throwaway-postfix.ts';
import type { ProgramSite } from '../system/program-site.ts';
import type { ThrowawayRoundcubeWish } from '../protocol/webmail/drill/throwaway-roundcube.ts';

/* What a drill starts and looks at; imported when it is asked for. */

export const throwawayDatabase = async (
  kind: ThrowawayKind,
  wish: ThrowawayWish,
  run: Run,
): Promise<ThrowawayDatabase | undefined> => {
  const { startThrowaway } = await import('../protocol/database/drill/start-throwaway.ts');
  return startThrowaway(kind, wish, run);
};

/** Where Postfix is, and may be started by us, it hands mail to this one. */
export const throwawayMail = async (
  wish: Omit<ThrowawayDovecotWish, 'transportUser'>,
  run: Run,
): Promise<ThrowawayMail | undefined> => {
  const { startThrowawayDovecot } = await import('../protocol/imap/drill/throwaway-dovecot.ts');
  const { postfixUser } = await import('../protocol/smtp/drill/throwaway-postfix.ts');
  const { site, user } = wish;
  // In a container no user of this machine is known.
  const canTake = site.container === undefined && user === undefined;
  const transportUser = canTake ? await postfixUser(site.variables, run) : undefined;
  return startThrowawayDovecot({ ...wish, transportUser }, run);
};

export const throwawayTransport = async (wish: ThrowawayPostfixWish, run: Run): Promise<StartedTransport> => {
  const { startThrowawayPostfix } = await import('../protocol/smtp/drill/throwaway-postfix.ts');
  return startThrowawayPostfix(wish, run);
};

export const throwawayWebmail = async (wish: ThrowawayRoundcubeWish, run: Run): Promise<StartedWebmail> => {
  const { startThrowawayRoundcube } = await import('../protocol/webmail/drill/throwaway-roundcube.ts');
  return startThrowawayRoundcube(wish, run);
};

/** Loads what restored trees are looked at with. */
export const restoredTrees = async (): Promise<(folder: string) => RestoredTree> =>
  (await import('../protocol/server/drill/restored-tree.ts')).restoredTreeIn;

export interface SieveWish {
  readonly file: string;
  /** Where what is compiled is written to; thrown away. */
  readonly output: string;
  readonly site: ProgramSite;
}

/** Undefined: there is no sievec. */
export const compiledSieve = async (wish: SieveWish, run: Run): Promise<SieveOutcome | undefined> => {
  const { compileSieve } = await import('../protocol/server/drill/compile-sieve.ts');
  return compileSieve(wish, run);
};
