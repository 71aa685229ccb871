import type { DatabaseTarget, DatabaseTargetOptions } from '../../../contract/database-target.ts';
import type { Run } from '../../../contract/run.ts';
import type { DatabaseSetting } from '../config.ts';
import type { DatabaseParts } from '../parts.ts';
import { createMariadbTarget } from './mariadb-target.ts';
import { createPostgresTarget } from './postgres-target.ts';
import { createRedisTarget } from './redis-target.ts';
import { createSqliteTarget } from './sqlite-target.ts';

/** Where the dumps of a database component are brought back to. Faults of `ReadSecret`. */
export const databaseTarget = async (
  setting: DatabaseSetting,
  more: { readonly parts: DatabaseParts; readonly options: DatabaseTargetOptions },
  run: Run,
): Promise<DatabaseTarget> => {
  switch (setting.database) {
    case 'mariadb':
    case 'mysql':
      return createMariadbTarget(setting, more, run);
    case 'postgres':
      return createPostgresTarget(setting, more, run);
    case 'sqlite':
      return createSqliteTarget(setting, more);
    case 'redis':
      return createRedisTarget(setting, more, run);
  }
};
