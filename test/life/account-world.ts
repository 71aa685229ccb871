import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '../../bench/mailbox/random.ts';
import type { Person } from '../journey/program.ts';
import { type CommandResult, runCommand } from '../requirement/command.ts';
import { resticBinary } from '../requirement/restic.ts';
import { type Dovecot, startDovecot } from '../servers/dovecot.ts';
import { openWriter, serverOf, sha256Of, type Writer } from '../servers/imap-account.ts';
import { type PresentedFile, presentedFiles } from '../servers/presented-maildir.ts';

/* An account on a real server, whose captures are disturbed, and what must be true whatever comes of them. */

export type AccountStore = 'direct' | 'mirror';

const folders = ['INBOX', 'Lists', 'Lists/dev'] as const;
const directoryOf = (folder: string): string => (folder === 'INBOX' ? '' : `.${folder.replaceAll('/', '.')}`);
const password = 'only a test';

export class AccountWorld {
  readonly person: Person;
  readonly random: Random;
  readonly #dovecot: Dovecot;
  readonly #writer: Writer;
  readonly #restic: string;
  readonly #store: AccountStore;
  /** What the server has. */
  #messages: readonly PresentedFile[] = [];
  readonly #next = new Map<string, number>();

  private constructor(
    parts: { readonly person: Person; readonly dovecot: Dovecot; readonly writer: Writer; readonly restic: string },
    store: AccountStore,
    random: Random,
  ) {
    this.person = parts.person;
    this.#dovecot = parts.dovecot;
    this.#writer = parts.writer;
    this.#restic = parts.restic;
    this.#store = store;
    this.random = random;
  }

  /** Repository and mirror lie in `disk` of the person's folder, which the caller may have made. */
  static async create(person: Person, store: AccountStore, random: Random): Promise<AccountWorld> {
    const dovecot = await startDovecot({ logCommands: false });
    const writer = await openWriter(serverOf(dovecot));
    const world = new AccountWorld({ person, dovecot, writer, restic: await resticBinary('0.19') }, store, random);
    for (const folder of folders.slice(1)) await writer.create(folder);
    await writeFile(join(person.folder, 'ca.pem'), dovecot.certificateAuthority);
    for (const [name, secret] of [
      ['repository-password', password],
      ['imap-password', 'secret'],
    ] as const) {
      await writeFile(join(person.folder, name), `${secret}\n`, { mode: 0o600 });
    }
    await mkdir(world.disk, { recursive: true });
    await world.#configure();
    await world.arrive(120);
    const made = await world.keep('init', '-r', 'main');
    assert.equal(made.code, 0, made.stderr);
    return world;
  }

  get disk(): string {
    return join(this.person.folder, 'disk');
  }

  async #configure(): Promise<void> {
    const store = this.#store === 'direct' ? 'direct' : '{mirror: disk/mirror}';
    const text = [
      'version: 1',
      'repositories: {main: {location: disk/repository, password: {file: repository-password}}}',
      'accounts:',
      `  alice: {host: localhost, port: ${this.#dovecot.tlsPort}, user: alice, certificateAuthority: ca.pem, ` +
        `login: {password: {file: imap-password}}, store: ${store}}`,
    ].join('\n');
    await writeFile(join(this.person.folder, 'mailkeep.yaml'), text, { mode: 0o600 });
  }

  /** New mail, of all sizes. */
  async arrive(count: number): Promise<void> {
    for (const folder of folders) {
      const messages = Array.from({ length: Math.ceil(count / folders.length) }, (_, number) => {
        const size = this.random.pick([10, 3_000, 3_000, 60_000, 400_000]);
        const body = Buffer.from(this.random.bytes(size)).toString('base64').replace(/.{76}/g, '$&\r\n');
        const isSeen = this.random.unit() < 0.5;
        const content = `From: a@example.org\r\nSubject: ${folder} ${number}\r\n\r\n${body}\r\n`;
        return { content, date: 1_600_000_000 + this.random.below(90_000_000), flags: isSeen ? ['\\Seen'] : [] };
      });
      const first = this.#next.get(folder) ?? 1;
      await this.#writer.append(folder, messages);
      this.#next.set(folder, first + messages.length);
      const come = messages.map(({ content, date, flags }, at) => ({
        folder: directoryOf(folder),
        uid: first + at,
        letters: flags.length > 0 ? 'S' : '',
        date,
        sha256: sha256Of(content),
      }));
      this.#messages = [...this.#messages, ...come];
    }
  }

  /** A day in the account: mail comes, some is read, some goes. */
  async change(): Promise<void> {
    await this.arrive(90);
    for (const folder of folders) {
      const own = this.#messages.filter((message) => message.folder === directoryOf(folder));
      const [read, gone] = [this.random.pick(own), this.random.pick(own)];
      const flag = ['flags', 'add', '-u', 'alice', '\\Flagged', 'mailbox', folder, 'uid', String(read.uid)];
      await this.#dovecot.doveadm(...flag);
      await this.#dovecot.doveadm('expunge', '-u', 'alice', 'mailbox', folder, 'uid', String(gone.uid));
      const letters = (message: PresentedFile): string => `F${message.letters.replace('F', '')}`;
      this.#messages = this.#messages.flatMap((message) =>
        message === gone ? [] : message === read ? [{ ...message, letters: letters(message) }] : [message],
      );
    }
  }

  keep(...args: readonly string[]): Promise<CommandResult> {
    return this.person.run([...args, '--config', join(this.person.folder, 'mailkeep.yaml')]);
  }

  start(...args: readonly string[]) {
    return this.person.start([...args, '--config', join(this.person.folder, 'mailkeep.yaml')]);
  }

  /** Repository and mirror as they are now, to begin again from them. */
  async remember(): Promise<void> {
    const copy = join(this.person.folder, 'remembered');
    rmSync(copy, { recursive: true, force: true });
    await cp(this.disk, copy, { recursive: true, preserveTimestamps: true });
  }

  async beginAgain(): Promise<void> {
    for (const name of readdirSync(this.disk)) rmSync(join(this.disk, name), { recursive: true, force: true });
    await cp(join(this.person.folder, 'remembered'), this.disk, { recursive: true, preserveTimestamps: true });
  }

  async #asRestic(...args: readonly string[]): Promise<CommandResult> {
    const env = { ...this.person.environment, RESTIC_PASSWORD: password };
    return runCommand(this.#restic, [...args, '--no-cache', '-r', join(this.disk, 'repository')], { env });
  }

  /** Whatever has happened: restic finds every byte good. */
  async assertSound(when: string): Promise<void> {
    const { code, stdout, stderr } = await this.#asRestic('check', '--read-data', '--no-lock');
    assert.equal(code, 0, `${when}: ${stdout}${stderr}`);
  }

  /** A plain run completes: every message of the server is there once, with its flags, its date and its bytes. */
  async assertContinues(when: string): Promise<void> {
    const { code, stdout, stderr } = await this.keep('run', '--json');
    assert.equal(code, 0, `${when}, then run again: ${stdout}${stderr}`);
    assert.match(stdout, /"differences_unexplained":0/, when);
    const checked = await this.keep('check', '-r', 'main', '--read-data');
    assert.equal(checked.code, 0, `${when}: ${checked.stdout}${checked.stderr}`);
    const target = join(this.person.folder, 'restored');
    rmSync(target, { recursive: true, force: true });
    const restored = await this.keep('restore', 'latest', '-r', 'main', '--to', `maildir:${target}`);
    assert.equal(restored.code, 0, `${when}: ${restored.stderr}`);
    this.#assertWhole(target, when);
    if (this.#store === 'mirror') this.#assertMirror(join(this.disk, 'mirror'), when);
    // restic takes a lock of its own, which it gets only where no other is left.
    const whole = await this.#asRestic('check');
    assert.equal(whole.code, 0, `${when}: ${whole.stdout}${whole.stderr}`);
    const snapshots = await this.#asRestic('snapshots', '--json', '--no-lock');
    assert.equal(snapshots.code, 0, `${when}: ${snapshots.stderr}`);
    assert.doesNotMatch(snapshots.stdout, /mailkeep:checkpoint/, when);
  }

  #assertWhole(root: string, when: string): void {
    const expected = [...this.#messages].sort((left, right) =>
      left.folder < right.folder ? -1 : left.folder > right.folder ? 1 : left.uid - right.uid,
    );
    const names = ({ folder, uid, letters }: PresentedFile): string => `${folder} ${uid} ${letters}`;
    const found = presentedFiles(root);
    assert.deepEqual(found.map(names), expected.map(names), when);
    assert.deepEqual(found, expected, when);
  }

  #assertMirror(root: string, when: string): void {
    this.#assertWhole(root, `${when}, in the mirror`);
    const left = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) =>
      /(?:^|\/)tmp\/.|\.partial$|\.lock$|mailkeep\/lock/.test(path),
    );
    assert.deepEqual(left, [], `${when}: nothing half-done stays in the mirror`);
  }

  /** The server; the person's folder stays. */
  async stop(): Promise<void> {
    await this.#writer.close();
    await this.#dovecot.stop();
  }
}
