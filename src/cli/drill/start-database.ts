import type { StartedDatabase, ThrowawayKind } from '../../contract/drill.ts';
import type { Run } from '../../contract/run.ts';
import { throwawayDatabase } from '../../registry/drill.ts';
import { machineSite } from '../../system/program-site.ts';
import type { OpenedServer } from '../restore/open-server-backup.ts';
import { type Attempt, type SitesWish, startSomewhere } from './drill-sites.ts';
import { databaseWish } from './live-containers.ts';

export interface DatabaseStart {
  readonly kind: ThrowawayKind;
  readonly component: string;
  readonly opened: OpenedServer;
  readonly sites: SitesWish;
  readonly makeFolder: () => Promise<string>;
}

/** How the database of a component was reached, as the backup says it. */
const recordedDatabase = ({ backup }: OpenedServer, component: string): Readonly<Record<string, unknown>> =>
  backup.origin?.components.find(({ name }) => name === component)?.database ?? {};

/** Starts a database for the dumps of a component, where its programs are. Fault `server-unavailable`. */
export const startDatabase = async (
  { kind, component, opened, sites, makeFolder }: DatabaseStart,
  run: Run,
): Promise<StartedDatabase> => {
  const { isRoot, place, environment } = sites;
  const start = async (attempt: Attempt, of: Run): Promise<StartedDatabase | undefined> => {
    const wish = { component, isRoot, noteService: place.noteService, ...attempt };
    const database = await throwawayDatabase(kind, wish, of);
    return database === undefined ? undefined : { kind: 'started', database };
  };
  if (kind === 'sqlite') {
    const started = await start({ site: machineSite(environment), folder: await makeFolder() }, run);
    return started ?? { kind: 'missing', reason: 'no-program', what: 'SQLite' };
  }
  const wanted = databaseWish(kind, recordedDatabase(opened, component));
  return startSomewhere(sites, { ...wanted, makeFolder, folders: [], capabilities: [] }, start, run);
};
