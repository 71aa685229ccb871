import type { ThrowawayDatabase, ThrowawayKind } from '../../../contract/drill.ts';
import type { Run } from '../../../contract/run.ts';
import { startThrowawayMariadb } from './throwaway-mariadb.ts';
import { startThrowawayPostgres } from './throwaway-postgres.ts';
import { createThrowawayRedis } from './throwaway-redis.ts';
import { createThrowawaySqlite } from './throwaway-sqlite.ts';
import type { ThrowawayWish } from './throwaway-wish.ts';

/** A database of a drill. Undefined: its programs are not installed. Fault `server-unavailable` when it does not come up. */
export const startThrowaway = async (
  kind: ThrowawayKind,
  wish: ThrowawayWish,
  run: Run,
): Promise<ThrowawayDatabase | undefined> => {
  switch (kind) {
    case 'mariadb':
      return startThrowawayMariadb(wish, run);
    case 'postgres':
      return startThrowawayPostgres(wish, run);
    case 'sqlite':
      return createThrowawaySqlite(wish);
    case 'redis':
      return createThrowawayRedis(wish, run);
  }
};
