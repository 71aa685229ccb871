import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MailKeyPair, RestoredTree, ThrowawayKind } from '../../contract/drill.ts';
import type { DrillRecord } from '../../model/drill/drill-record.ts';
import type { MailKey } from '../../operation/drill/mail-key.ts';
import type { DrillParts, DrillWish, MailboxOwner } from '../../operation/drill/drill-parts.ts';
import { restoredTrees, throwawayTransport, throwawayWebmail } from '../../registry/drill.ts';
import { errnoFault } from '../../system/errno.ts';
import type { CommandContext } from '../context.ts';
import type { OpenedServer } from '../restore/open-server-backup.ts';
import { filePart } from '../restore/server/file-part.ts';
import type { ContainerSetting } from './drill-sites.ts';
import { recordedProjects } from './live-containers.ts';
import type { ScratchPlace } from './scratch-place.ts';
import { startDatabase } from './start-database.ts';
import { createSieveCompiler } from './sieve-compiler.ts';
import { startMail } from './start-mail.ts';

export interface DrillPartsWish {
  readonly opened: OpenedServer;
  readonly place: ScratchPlace;
  readonly wish: DrillWish;
  readonly containers: ContainerSetting;
  readonly before: DrillRecord | undefined;
  readonly trend: DrillRecord['trend'];
}

/** What the servers of the drill get of the environment: nothing that leads to the live ones. */
const quietEnvironment = (home: string, path: string | undefined): Readonly<Record<string, string>> => ({
  PATH: `${path ?? '/usr/bin:/bin'}:/usr/local/sbin:/usr/sbin:/sbin`,
  HOME: home,
});

const isRoot = (): boolean => process.geteuid?.() === 0;

const writeKey = async (folder: string, { privatePem, publicPem }: MailKey): Promise<MailKeyPair> => {
  const keys = { privateKey: join(folder, 'mail-key.pem'), publicKey: join(folder, 'mail-key-public.pem') };
  try {
    await writeFile(keys.privateKey, privatePem, { mode: 0o600 });
    await writeFile(keys.publicKey, publicPem, { mode: 0o600 });
  } catch (error) {
    throw errnoFault(error, 'write', folder);
  }
  return keys;
};

/** Mail is where the mail server can go, all else where nobody can. */
const folderFor = ({ opened, place }: DrillPartsWish, component: string): string => {
  const form = opened.backup.components.find(({ name }) => name === component)?.form;
  const isMail = form === 'tree' && component !== 'logs' && component !== 'scripts';
  return isMail ? place.mail : place.closed;
};

const makeMailbox = async ({ made }: ScratchPlace, name: string, { uid, gid }: MailboxOwner): Promise<string> => {
  const folder = join(made, name);
  try {
    await mkdir(folder, { mode: 0o700 });
    if (isRoot()) await chown(folder, uid, gid);
  } catch (error) {
    throw errnoFault(error, 'make the folder', folder);
  }
  return folder;
};

/** A folder of its own for each service: there may be several components of databases, and one runs to the end. */
const serviceFolder = async (
  { services }: ScratchPlace,
  { kind, number }: { readonly kind: ThrowawayKind | 'webmail' | 'sieve'; readonly number: number },
): Promise<string> => {
  const folder = join(services, `${kind}-${number}`);
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    throw errnoFault(error, 'make the folder', folder);
  }
  return folder;
};

export interface ClosedParts extends DrillParts {
  /** Ends what is still there when a drill is over. */
  close(): Promise<void>;
}

export const drillParts = async (drill: DrillPartsWish, context: CommandContext): Promise<ClosedParts> => {
  const { opened, place, wish, before, trend } = drill;
  const environment = quietEnvironment(place.closed, context.environment.variables['PATH']);
  const treeIn = await restoredTrees();
  const tree = (component: string): RestoredTree => treeIn(join(folderFor(drill, component), component));
  const { noteService } = place;
  const sites = {
    place,
    setting: drill.containers,
    variables: context.environment.variables,
    environment,
    isRoot: isRoot(),
  };
  let services = 0;
  const live = recordedProjects(opened.backup.origin);
  const sieveFolder = () => serviceFolder(place, { kind: 'sieve', number: ++services });
  const sieve = createSieveCompiler(sites, { live, makeFolder: sieveFolder });
  return {
    server: opened.name,
    backup: opened.backup,
    wish,
    before,
    trend,
    part: async (component) => {
      const to = { folder: folderFor(drill, component), name: component };
      const { backup } = opened;
      const part = filePart({ backup, component, entry: undefined, to, isLive: false, merges: false }, context);
      // The folder of the component is nobody's; the mail server has to get through it.
      return { ...part, settle: () => (to.folder === place.mail ? chmod(part.place, 0o711) : Promise.resolve()) };
    },
    tree,
    startDatabase: async (kind, component, run) => {
      const makeFolder = () => serviceFolder(place, { kind, number: ++services });
      return startDatabase({ kind, component, opened, sites, makeFolder }, run);
    },
    startMail: (mail, run) => startMail({ ...mail, scheme: wish.scheme, place, sites, live }, run),
    makeMailbox: (name, owner) => makeMailbox(place, name, owner),
    startTransport: (transport, run) =>
      throwawayTransport({ ...transport, folder: place.postfix, environment, isRoot: isRoot(), noteService }, run),
    startWebmail: async (webmail, run) => {
      const folder = await serviceFolder(place, { kind: 'webmail', number: ++services });
      return throwawayWebmail({ ...webmail, folder, environment, isRoot: isRoot(), noteService }, run);
    },
    keepKey: (key) => writeKey(place.dovecot, key),
    compileSieve: sieve.compile,
    close: sieve.close,
  };
};
