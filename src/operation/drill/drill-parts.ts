import type {
  MailKeyPair,
  RestoredTree,
  ServedMailbox,
  StartedDatabase,
  StartedMail,
  StartedTransport,
  StartedWebmail,
  ThrowawayKind,
  TransportWish,
  WebmailWish,
} from '../../contract/drill.ts';
import type { Run } from '../../contract/run.ts';
import type { ServerBackup } from '../../contract/server-backup.ts';
import type { DrillRecord } from '../../model/drill/drill-record.ts';
import type { SampleWish } from '../../model/drill/sample.ts';
import type { FilePart } from '../server/restore/file-component.ts';
import type { CompileSieve } from './check-sieve.ts';
import type { MailKey } from './mail-key.ts';

export interface MailServerWish {
  readonly mailboxes: readonly ServedMailbox[];
  readonly keys: MailKeyPair | undefined;
}

export type MailboxOwner = Pick<ServedMailbox, 'uid' | 'gid'>;

/** What a drill works with. All that is started or made is stopped and removed by whoever gave it. */
export interface DrillParts {
  readonly server: string;
  readonly backup: ServerBackup;
  /** Where a component is restored to, all of it as one folder of its name. */
  part(component: string): Promise<FilePart>;
  tree(component: string): RestoredTree;
  /** For the dumps of a component. Fault `server-unavailable`. */
  startDatabase(kind: ThrowawayKind, component: string, run: Run): Promise<StartedDatabase>;
  /** An empty folder for a mailbox that was not in the backup. */
  makeMailbox(name: string, owner: MailboxOwner): Promise<string>;
  startTransport(wish: TransportWish, run: Run): Promise<StartedTransport>;
  startWebmail(wish: WebmailWish, run: Run): Promise<StartedWebmail>;
  startMail(wish: MailServerWish, run: Run): Promise<StartedMail>;
  /** Writes the keys of encrypted mail where the mail server finds them. */
  keepKey(key: MailKey): Promise<MailKeyPair>;
  readonly compileSieve: CompileSieve;
  readonly wish: DrillWish;
  /** The last drill of the same server that passed: what its tables had is expected. */
  readonly before: DrillRecord | undefined;
  /** Earlier ones, newest first. */
  readonly trend: DrillRecord['trend'];
}

export interface DrillWish {
  readonly sample: SampleWish;
  readonly salt: string;
  /** Passwords of people, by their addresses in small letters. */
  readonly logins: ReadonlyMap<string, string>;
  /** What to ask the database for accounts; undefined: it is found out. */
  readonly accountsQuery: string | undefined;
  /** The scheme of hashes that name none. */
  readonly scheme: string;
}
