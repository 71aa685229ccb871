import type {
  MailKeyPair,
  RestoredTree,
  ServedMailbox,
  ThrowawayDatabase,
  ThrowawayMail,
} from '../../contract/drill.ts';
import type { Run } from '../../contract/run.ts';
import type { ServerBackup, StoredComponent } from '../../contract/server-backup.ts';
import { byteStringOfText, displayText } from '../../model/byte-string.ts';
import { type CheckTally, createCheckTally } from '../../model/drill/check-tally.ts';
import { drillChecks, type DrillCheckName, type DrillRecord, type DrillTime } from '../../model/drill/drill-record.ts';
import { recoveryTime } from '../../model/drill/recovery-time.ts';
import { type SampleWish, shareOf } from '../../model/drill/sample.ts';
import { isUsableHash } from '../../model/drill/usable-hash.ts';
import { restoreOrder } from '../../model/restore-order.ts';
import type { FilePart } from '../server/restore/file-component.ts';
import { asTold } from './as-told.ts';
import { checkCertificates } from './certificates.ts';
import { judgeAccounts, judgeTables, loadDumps } from './check-databases.ts';
import { checkMailbox } from './check-mailbox.ts';
import { checkSieve, type CompileSieve } from './check-sieve.ts';
import { checkDkim } from './dkim-keys.ts';
import { findMailKey, type MailKey } from './mail-key.ts';
import { matchAccounts } from './match-accounts.ts';
import { restoreComponent } from './restore-component.ts';
import type { Sampling } from './sampled-source.ts';
import { surveyMail, type SurveyedMaildir } from './survey-mail.ts';

export interface MailServerWish {
  readonly mailboxes: readonly ServedMailbox[];
  readonly keys: MailKeyPair | undefined;
}

/** What a drill works with. All that is started or made is stopped and removed by whoever gave it. */
export interface DrillParts {
  readonly server: string;
  readonly backup: ServerBackup;
  /** Where a component is restored to, all of it as one folder of its name. */
  part(component: string): Promise<FilePart>;
  tree(component: string): RestoredTree;
  /** Undefined: none is installed. */
  startDatabase(run: Run): Promise<ThrowawayDatabase | undefined>;
  startMail(wish: MailServerWish, run: Run): Promise<ThrowawayMail | undefined>;
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

/** Databases that a throw-away MariaDB can load. */
const isLoadable = ({ backup }: DrillParts, { name }: StoredComponent): boolean => {
  const kind = backup.origin?.components.find((one) => one.name === name)?.database?.['database'];
  return kind === undefined ? name === 'mysql' || name === 'mariadb' : kind === 'mariadb' || kind === 'mysql';
};

const milliseconds = (run: Run): number => Number(run.now() / 1_000_000n);

class Drill {
  readonly #parts: DrillParts;
  readonly #tallies: Readonly<Record<DrillCheckName, CheckTally>>;
  readonly #times: DrillTime[] = [];
  readonly #trees = new Map<string, RestoredTree>();
  readonly #told = new Set<string>();
  #tables: Readonly<Record<string, number>> = {};
  #accounts: ReturnType<typeof judgeAccounts> = [];

  constructor(parts: DrillParts) {
    this.#parts = parts;
    const tally = (name: DrillCheckName): CheckTally => createCheckTally(name);
    this.#tallies = {
      backup: tally('backup'),
      restore: tally('restore'),
      databases: tally('databases'),
      logins: tally('logins'),
      folders: tally('folders'),
      messages: tally('messages'),
      flags: tally('flags'),
      'mail-key': tally('mail-key'),
      sieve: tally('sieve'),
      dkim: tally('dkim'),
      certificates: tally('certificates'),
    };
  }

  async run(run: Run): Promise<DrillRecord> {
    const { backup, server, wish } = this.#parts;
    const began = milliseconds(run);
    const { maildirs, messages: wholeMessages } = await this.#survey(run);
    const share = shareOf(wish.sample, wholeMessages);
    const sampling = { share, salt: wish.salt };
    await this.#checkPacked(run);
    for (const component of restoreOrder(backup.components, ['all'])) {
      run.emit({ kind: 'phase', phase: `drill: restoring ${component.name}` });
      if (component.form === 'dump') await this.#loadDatabase(component, run);
      else await this.#restore(component, sampling, run);
    }
    await this.#checkMail(maildirs, sampling, run);
    await this.#checkFiles(began, run);
    const { messages } = this.#tallies;
    return {
      server,
      backup: backup.description,
      backupTime: backup.started,
      isComplete: backup.isComplete,
      share,
      messages: messages.result().looked,
      wholeMessages,
      accounts: this.#accounts.length,
      checks: drillChecks.map((name) => this.#tallies[name].result()),
      times: this.#times,
      recovery: recoveryTime(this.#times),
      dataAge: Math.max(0, began - backup.started),
      tables: this.#tables,
      trend: this.#parts.trend,
    };
  }

  async #survey(run: Run): Promise<{ readonly maildirs: readonly SurveyedMaildir[]; readonly messages: number }> {
    const { backup } = this.#parts;
    const maildirs: SurveyedMaildir[] = [];
    let messages = 0;
    run.emit({ kind: 'phase', phase: 'drill: looking at the backup' });
    for (const { name, form } of backup.components) {
      if (form !== 'tree' || name === 'logs' || name === 'scripts') continue;
      const base = await backup.open([byteStringOfText(name)], run);
      try {
        const found = await surveyMail(base, name, run);
        maildirs.push(...found.maildirs);
        messages += found.messages;
      } finally {
        await base.close();
      }
    }
    return { maildirs, messages };
  }

  /** Trees are compared with their checksums while they are restored; what is packed is read as a whole. */
  async #checkPacked(run: Run): Promise<void> {
    const { backup } = this.#parts;
    run.emit({ kind: 'phase', phase: 'drill: checking the backup' });
    const packed = backup.components.filter(({ form }) => form !== 'tree').map(({ name }) => name);
    this.#tallies.backup.look(packed.length);
    for (const { path, fault } of packed.length === 0 ? [] : await backup.check(packed, run)) {
      this.#tallies.backup.find({ kind: 'file-damaged', subject: displayText(path), detail: fault.message });
    }
  }

  async #restore({ name }: StoredComponent, sampling: Sampling, run: Run): Promise<void> {
    const part = await this.#parts.part(name);
    const { time, told } = await restoreComponent({ name, part, sampling }, this.#tallies, run);
    this.#times.push(time);
    this.#trees.set(name, this.#parts.tree(name));
    for (const path of told) this.#told.add(path);
  }

  async #loadDatabase(component: StoredComponent, run: Run): Promise<void> {
    const { databases } = this.#tallies;
    const { name } = component;
    if (!isLoadable(this.#parts, component)) {
      databases.skip('kind-not-loaded', name);
      return;
    }
    const began = milliseconds(run);
    let database: ThrowawayDatabase | undefined;
    try {
      database = await this.#parts.startDatabase(run);
      if (database === undefined) databases.skip('no-program', 'MariaDB');
      else await this.#lookAtDatabase(database, component, began, run);
    } catch (error) {
      databases.find({ kind: 'dump-failed', subject: name, detail: asTold(error, run).message });
    } finally {
      await database?.stop();
    }
  }

  async #lookAtDatabase(
    database: ThrowawayDatabase,
    { name }: StoredComponent,
    began: number,
    run: Run,
  ): Promise<void> {
    const { backup, wish, before } = this.#parts;
    const { databases, logins } = this.#tallies;
    const open = (of: Run) => backup.open([byteStringOfText(name)], of);
    await loadDumps(database, { name, open }, databases, run);
    const measured = milliseconds(run) - began;
    this.#times.push({ name, measured, whole: measured, bytes: 0, wholeBytes: 0 });
    this.#tables = { ...this.#tables, ...(await database.rowCounts(run)) };
    judgeTables(this.#tables, before?.tables, databases);
    this.#accounts = judgeAccounts(await database.accounts(wish.accountsQuery, run), logins);
  }

  async #checkMail(maildirs: readonly SurveyedMaildir[], sampling: Sampling, run: Run): Promise<void> {
    const { wish } = this.#parts;
    const { logins } = this.#tallies;
    if (maildirs.length === 0) return;
    run.emit({ kind: 'phase', phase: 'drill: starting the mail server' });
    for (const { address, hash } of this.#accounts) {
      if (!isUsableHash(hash, wish.scheme)) logins.find({ kind: 'hash-unusable', subject: address });
    }
    const known = new Set(this.#accounts.map(({ address }) => address.toLowerCase()));
    // An account that was to log in, and is none any more.
    for (const address of known.size === 0 ? [] : wish.logins.keys()) {
      if (!known.has(address)) logins.find({ kind: 'login-refused', subject: address });
    }
    if (wish.logins.size === 0) logins.skip('no-password');
    const key = await findMailKey(this.#trees, run);
    const began = milliseconds(run);
    const served = await this.#serve(maildirs, key, run);
    try {
      const measured = milliseconds(run) - began;
      this.#times.push({ name: 'start', measured, whole: measured, bytes: 0, wholeBytes: 0 });
      await this.#lookAtMailboxes(served, { sampling, hasMailKey: key !== undefined }, run);
    } finally {
      await served.mail?.stop();
    }
  }

  async #serve(maildirs: readonly SurveyedMaildir[], key: MailKey | undefined, run: Run): Promise<Served> {
    const mailboxes: (ServedMailbox & { readonly surveyed: SurveyedMaildir })[] = [];
    for (const [at, { maildir, account }] of matchAccounts(maildirs, this.#accounts).entries()) {
      const tree = this.#trees.get(maildir.component);
      if (tree === undefined) continue;
      const owned = await this.#adopted(tree, maildir, run);
      if (owned === undefined) continue;
      // Nobody can log in with it: it is no hash.
      const known = account ?? { address: `mailbox-${at + 1}@drill.invalid`, hash: '{PLAIN-MD5}-' };
      mailboxes.push({ ...owned, ...known, surveyed: maildir });
    }
    const keys = key === undefined ? undefined : await this.#parts.keepKey(key);
    const { folders } = this.#tallies;
    try {
      const mail = await this.#parts.startMail({ mailboxes, keys }, run);
      if (mail === undefined) for (const tally of [this.#tallies.logins, folders]) tally.skip('no-program', 'Dovecot');
      return { mail, mailboxes };
    } catch (error) {
      folders.find({ kind: 'folder-unreadable', subject: 'Dovecot', detail: asTold(error, run).message });
      return { mail: undefined, mailboxes };
    }
  }

  async #adopted(tree: RestoredTree, { component, path }: SurveyedMaildir, run: Run) {
    try {
      return await tree.adopt(path);
    } catch (error) {
      const subject = [component, ...path.map(displayText)].join('/');
      this.#tallies.folders.find({ kind: 'folder-unreadable', subject, detail: asTold(error, run).message });
      return undefined;
    }
  }

  async #lookAtMailboxes(
    { mail, mailboxes }: Served,
    how: { readonly sampling: Sampling; readonly hasMailKey: boolean },
    run: Run,
  ): Promise<void> {
    const { backup, wish } = this.#parts;
    const { logins, folders, messages, flags, 'mail-key': mailKey } = this.#tallies;
    let encrypted = 0;
    for (const [component, tree] of this.#trees) {
      const own = mailboxes.filter(({ surveyed }) => surveyed.component === component);
      if (own.length === 0) continue;
      const base = await backup.open([byteStringOfText(component)], run);
      try {
        for (const { surveyed, address } of own) {
          run.emit({ kind: 'phase', phase: `drill: looking at ${address}` });
          const password = wish.logins.get(address.toLowerCase());
          const isTold = (path: string): boolean => this.#told.has(path);
          const mailbox = { ...how, maildir: surveyed, address, password, base, tree, isTold };
          encrypted += await checkMailbox(mail, mailbox, { logins, folders, messages, flags, mailKey }, run);
        }
      } finally {
        await base.close();
      }
    }
    if (encrypted > 0 && !how.hasMailKey) {
      mailKey.find({ kind: 'mail-key-missing', subject: 'mail_crypt', count: encrypted });
    }
  }

  async #checkFiles(now: number, run: Run): Promise<void> {
    const { sieve, dkim, certificates } = this.#tallies;
    const { compileSieve: compile } = this.#parts;
    for (const [component, tree] of this.#trees) {
      await checkSieve(component, { tree, tally: sieve, compile }, run);
      if (component === 'dkim') await checkDkim(component, tree, dkim, run);
      if (component === 'ssl') await checkCertificates(component, tree, { now, tally: certificates }, run);
    }
  }
}

interface Served {
  readonly mail: ThrowawayMail | undefined;
  readonly mailboxes: readonly (ServedMailbox & { readonly surveyed: SurveyedMaildir })[];
}

/**
 * Restores a backup where nobody sees it, and looks whether it is a mail server again. What is wrong is in the record; thrown is what
 * ended the drill: `interrupted`, `disk-full`, a backup that cannot be read at all.
 */
export const runDrill = (parts: DrillParts, run: Run): Promise<DrillRecord> => new Drill(parts).run(run);
