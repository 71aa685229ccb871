import { randomBytes } from 'node:crypto';
import { chmod, chown } from 'node:fs/promises';
import type { WebmailDatabase, WebmailEntry } from '../../../contract/drill.ts';
import type { Run } from '../../../contract/run.ts';
import { Secret } from '../../../model/secret.ts';
import { errnoFault } from '../../../system/errno.ts';
import { identifier, literal, type MariadbClient } from '../mariadb/client.ts';

/** A user of the database that no dump has. */
const user = 'mailkeep_drill_webmail';

/** In GRANT the name of a database is a pattern. */
const pattern = (name: string): string => identifier(name.replace(/[\\_%]/g, '\\$&'));

/** Those who may run in this group get through the folder, to the socket, and see nothing else in it. */
const letThrough = async (folder: string, group: number | undefined): Promise<void> => {
  if (group === undefined) return;
  try {
    await chown(folder, 0, group);
    await chmod(folder, 0o710);
  } catch (error) {
    throw errnoFault(error, 'change the rights of', folder);
  }
};

/**
 * Lets a program of webmail in to its restored tables. Their users get the drill's mail server for theirs: a row of `users` is
 * known by both names. Where somebody has a row on two servers, the older one counts. Faults as a query has them.
 */
export const openWebmail = async (
  client: Pick<MariadbClient, 'query'>,
  { folder, socket }: { readonly folder: string; readonly socket: string },
  { place, identity, mailHost }: WebmailEntry,
  run: Run,
): Promise<WebmailDatabase> => {
  const password = randomBytes(24).toString('hex');
  const account = `'${user}'@'localhost'`;
  const statements = [
    `DROP USER IF EXISTS ${account};`,
    `CREATE USER ${account} IDENTIFIED BY '${password}';`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ${pattern(place)}.* TO ${account};`,
    `UPDATE IGNORE ${identifier(place)}.${identifier('users')} SET mail_host = ${literal(mailHost)} ORDER BY user_id;`,
  ];
  await client.query(statements.join('\n'), run);
  await letThrough(folder, identity?.gid);
  return { kind: 'mariadb', socket, user, password: new Secret(password), database: place };
};
