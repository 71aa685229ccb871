import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseMessageRecords } from '../../src/mail/direct/message-record.ts';
import { createPerson, type Person } from '../journey/program.ts';
import { runCommand, succeed } from '../requirement/command.ts';
import { sha256Of } from './imap-account.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Real messages, where they lie beside the project; without them, those of the project. */
const corpora = at('../../../shared/corpora/');
const sets = [
  'spamassassin-public-corpus',
  'sisimai-bounce-mails',
  'peer-mail-suites',
  'tnef-winmail',
  'maildir-fixtures',
];

const ownMessages = async (): Promise<readonly Buffer[]> => {
  const found: Buffer[] = [];
  for (const folder of ['../fixture/mail/', '../../examples/Maildir/']) {
    for (const entry of await readdir(at(folder), { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) found.push(await readFile(join(entry.parentPath, entry.name)));
    }
  }
  return found;
};

const corpusMessages = async (work: string): Promise<readonly Buffer[]> => {
  if (!existsSync(corpora)) return [];
  const archives = (await readdir(corpora, { recursive: true })).filter(
    (file) => file.endsWith('.tar.gz') && sets.some((set) => file.startsWith(set)),
  );
  const found: Buffer[] = [];
  for (const archive of archives) {
    const folder = join(work, archive);
    await mkdir(folder, { recursive: true });
    await succeed('tar', ['-xzf', join(corpora, archive), '-C', folder]);
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) found.push(await readFile(join(entry.parentPath, entry.name)));
    }
  }
  // Of the thousands of one kind a part is enough.
  return found.filter((_, number) => number < 600 || number % 10 === 0);
};

/** As mboxes hold messages: the last line has an end. */
const ended = (content: Buffer): Buffer =>
  content.at(-1) === 0x0a ? content : Buffer.concat([content, Buffer.from('\n')]);

/** SHA-256 of the CRLF form, in which a message is the same in all forms of storing. */
const digestOf = (content: Buffer): string => sha256Of(content.toString('latin1').replace(/(?<!\r)\n/g, '\r\n'));

/** The same digests as often on both sides; what differs is told by its message, not in thousands of lines. */
const assertSame = (found: readonly string[], contents: readonly Buffer[], form: (content: Buffer) => string): void => {
  const left = new Map<string, number>();
  for (const digest of found) left.set(digest, (left.get(digest) ?? 0) + 1);
  const missing = contents.filter((content) => {
    const digest = form(content);
    const count = left.get(digest) ?? 0;
    left.set(digest, count - 1);
    return count <= 0;
  });
  const shown = missing.slice(0, 5).map((content) => JSON.stringify(content.toString('latin1').slice(0, 200)));
  assert.deepEqual([missing.length, shown], [0, []]);
  assert.equal(found.length, contents.length);
};

type Folders = ReadonlyMap<string, readonly string[]>;

/** The same messages in the same folders. */
const assertSameFolders = (found: Folders, expected: Folders): void => {
  const counts = (folders: Folders) => [...folders].map(([name, { length }]) => `${name}: ${length}`).sort();
  assert.deepEqual(counts(found), counts(expected));
  for (const [name, digests] of expected) {
    assert.equal(digests.filter((digest, at) => found.get(name)?.[at] !== digest).length, 0, name);
  }
};

describe('A11: what is exported comes in again as it was', () => {
  let person: Person;
  let messages: readonly Buffer[];
  const place = (name: string): string => join(person.folder, name);
  const keep = async (...args: readonly string[]): Promise<string> => {
    const environment = { RESTIC_REPOSITORY: place('r'), RESTIC_PASSWORD: 'x' };
    const { code, stdout, stderr } = await person.run(args, { environment });
    assert.equal(code, 0, `${args.join(' ')}: ${stdout.slice(-2000)}${stderr.slice(-2000)}`);
    return stdout;
  };

  let lastId = '';
  let firstId = '';

  /** Imports a path; digests of all its messages by their folders, sorted. */
  const imported = async (path: string, ...more: readonly string[]): Promise<Folders> => {
    const summary = (await keep('import', path, '--json', ...more)).trim().split('\n').at(-1) ?? '';
    const id = /"snapshot_id":"([0-9a-f]+)"/.exec(summary)?.[1] ?? '';
    lastId = id;
    const target = place(`stored-${id.slice(0, 8)}`);
    await keep('restore', id, '--target', target, '--stored', '-i', 'messages.jsonl', '-i', 'mailbox.json');
    const found = new Map<string, string[]>();
    for (const entry of await readdir(join(target, 'folders'), { recursive: true, withFileTypes: true })) {
      if (entry.name !== 'messages.jsonl') continue;
      const folder = join(entry.parentPath, '..').slice(join(target, 'folders').length + 1);
      const { records } = parseMessageRecords(await readFile(join(entry.parentPath, entry.name)));
      found.set(folder, [...(found.get(folder) ?? []), ...records.map(({ sha256 }) => sha256)]);
    }
    for (const digests of found.values()) digests.sort();
    return found;
  };

  const all = (folders: Folders): readonly string[] => [...folders.values()].flat().sort();

  let first: Folders;

  before(async () => {
    person = await createPerson();
    const corpus = await corpusMessages(place('corpora'));
    messages = [...(await ownMessages()), ...corpus].filter(({ length }) => length > 0);
    for (const [number, content] of messages.entries()) {
      const folder = place(join('eml', ['', 'Entwürfe', 'Lists/v1.2'][number % 3] ?? ''));
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, `${number}.eml`), content);
    }
    await keep('init');
    first = await imported(place('eml'));
    firstId = lastId;
  });
  after(() => person.leave());

  test('.eml files: every byte is in the snapshot', () => {
    assertSame(all(first), messages, digestOf);
    assert.deepEqual([...first.keys()].sort(), ['Entw&APw-rfe', 'INBOX', 'Lists%2Fv1.2']);
  });

  test('a zip of .eml files, made by us and by another program', async () => {
    await keep('restore', firstId, '--to', `zip:${place('ours.zip')}`);
    assertSameFolders(await imported(place('ours.zip')), first);
    const names = await readdir(place('eml'));
    await succeed('python3', ['-m', 'zipfile', '-c', place('theirs.zip'), ...names], { cwd: place('eml') });
    assertSameFolders(await imported(place('theirs.zip')), first);
  });

  test('a Maildir', async () => {
    await keep('restore', firstId, '--to', `maildir:${place('Maildir')}`);
    assertSameFolders(await imported(place('Maildir'), '--format', 'maildir'), first);
  });

  test('mboxes; only a last line without an end gets one', async () => {
    await keep('restore', firstId, '--to', `mbox:${place('boxes')}/`);
    const back = await imported(place('boxes'), '--format', 'mbox');
    assertSame(all(back), messages, (content) => digestOf(ended(content)));
    assert.deepEqual([...back.keys()].sort(), [...first.keys()].sort());
  });

  test('a Takeout, as a folder and as the zip that Google sends', async () => {
    const script =
      'import sys, os, glob\n' +
      'out = open(sys.argv[2], "wb")\n' +
      'for path in sorted(glob.glob(sys.argv[1] + "/**/*.eml", recursive=True)):\n' +
      '    body = open(path, "rb").read().replace(b"\\r\\n", b"\\n").replace(b"\\r", b"\\n").replace(b"\\n", b"\\r\\n")\n' +
      '    body = b"".join(b">" + l if l.lstrip(b">").startswith(b"From ") else l for l in body.splitlines(True))\n' +
      '    if not body.endswith(b"\\r\\n"): body += b"\\r\\n"\n' +
      '    out.write(b"From 1790000000000000001@xxx Thu Jan 01 10:00:00 +0000 2004\\r\\n")\n' +
      '    out.write(b"X-GM-THRID: 17\\r\\nX-Gmail-Labels: Inbox,Opened,Work\\r\\n" + body + b"\\r\\n")\n';
    const mail = place('Takeout/Mail');
    await mkdir(mail, { recursive: true });
    await succeed('python3', ['-c', script, place('eml'), join(mail, 'All mail.mbox')]);
    const folder = await imported(mail, '--format', 'takeout');
    const added = 'X-GM-THRID: 17\r\nX-Gmail-Labels: Inbox,Opened,Work\r\n';
    assertSame(all(folder), messages, (content) => {
      const text = content.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n');
      return sha256Of(added + (text.endsWith('\r\n') ? text : `${text}\r\n`));
    });
    const zipped = await runCommand('python3', ['-m', 'zipfile', '-c', place('takeout.zip'), place('Takeout')]);
    assert.equal(zipped.code, 0, zipped.stderr);
    assertSameFolders(await imported(place('takeout.zip')), folder);
  });
});
