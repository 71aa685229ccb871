import type { Run } from '../../../contract/run.ts';
import type { MariadbClient } from '../mariadb/client.ts';

export interface StoredDatabase {
  readonly characterSet: string;
  readonly collation: string;
  readonly tables: number;
  /** Views, triggers, routines, events and sequences. */
  readonly others: number;
}

export interface ServerState {
  readonly databases: ReadonlyMap<string, StoredDatabase>;
  /** `root@localhost`. */
  readonly accounts: ReadonlySet<string>;
}

const statements = `
SELECT 'database', s.SCHEMA_NAME, s.DEFAULT_CHARACTER_SET_NAME, s.DEFAULT_COLLATION_NAME,
  (SELECT COUNT(*) FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = s.SCHEMA_NAME
    AND t.TABLE_TYPE NOT IN ('VIEW', 'SEQUENCE')),
  (SELECT COUNT(*) FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = s.SCHEMA_NAME
    AND t.TABLE_TYPE IN ('VIEW', 'SEQUENCE'))
  + (SELECT COUNT(*) FROM information_schema.TRIGGERS g WHERE g.TRIGGER_SCHEMA = s.SCHEMA_NAME)
  + (SELECT COUNT(*) FROM information_schema.ROUTINES r WHERE r.ROUTINE_SCHEMA = s.SCHEMA_NAME)
  + (SELECT COUNT(*) FROM information_schema.EVENTS e WHERE e.EVENT_SCHEMA = s.SCHEMA_NAME)
  FROM information_schema.SCHEMATA s;
SELECT 'account', User, Host FROM mysql.user;
`;

/** What is on the server. Faults as `mariadbFault`. */
export const readServerState = async (client: MariadbClient, run: Run): Promise<ServerState> => {
  const rows = await client.query(statements, run);
  const databases = rows.flatMap(([kind, name = '', characterSet = '', collation = '', tables, others]) =>
    kind === 'database'
      ? [[name, { characterSet, collation, tables: Number(tables), others: Number(others) }] as const]
      : [],
  );
  const accounts = rows.flatMap(([kind, user, host]) => (kind === 'account' ? [`${user}@${host}`] : []));
  return { databases: new Map(databases), accounts: new Set(accounts) };
};
