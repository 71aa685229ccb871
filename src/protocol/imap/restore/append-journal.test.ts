import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { byteStringOfLatin1 } from '../../../model/byte-string.ts';
import { createAppendJournal } from './append-journal.ts';

const account = { host: 'mail.example.org', port: 993, user: 'alice' };
const inbox = { name: byteStringOfLatin1('INBOX'), uidValidity: 7 };
const message = (uid: number) => ({ uid, size: 100, seconds: -5, sha256: String(uid).repeat(64) });

describe('A9: what was added to an account is noted', () => {
  let state: string;
  beforeEach(async () => {
    state = await mkdtemp(join(tmpdir(), 'mailkeep-journal-'));
  });
  afterEach(() => rm(state, { recursive: true, force: true }));

  test('of this folder in this generation of this account, across processes, for its owner alone', async () => {
    await createAppendJournal(state, account).add(inbox, [message(1), message(2)]);
    await createAppendJournal(state, account).add(inbox, [message(3)]);
    await createAppendJournal(state, account).add({ ...inbox, uidValidity: 8 }, [message(4)]);
    const journal = createAppendJournal(state, account);
    assert.deepEqual([...(await journal.read(inbox)).values()], [message(1), message(2), message(3)]);
    assert.equal((await journal.read({ ...inbox, name: byteStringOfLatin1('Sent') })).size, 0);
    assert.equal((await createAppendJournal(state, { ...account, user: 'bob' }).read(inbox)).size, 0);
    const [folder = ''] = await readdir(join(state, 'appended'));
    const [file = ''] = await readdir(join(state, 'appended', folder));
    assert.equal((await stat(join(state, 'appended', folder))).mode & 0o777, 0o700);
    assert.equal((await stat(join(state, 'appended', folder, file))).mode & 0o777, 0o600);
    await appendFile(join(state, 'appended', folder, file), 'garbage\n7 9 100');
    assert.equal((await journal.read(inbox)).size, 3, 'half a line is no note');
  });

  test('what is noted of messages that are gone, or of an earlier generation, does not pile up', async () => {
    const journal = createAppendJournal(state, account);
    const lines = async (): Promise<number> => {
      const [folder = ''] = await readdir(join(state, 'appended'));
      const [own = ''] = await readdir(join(state, 'appended', folder));
      return (await readFile(join(state, 'appended', folder, own), 'latin1')).split('\n').length - 1;
    };
    await journal.add(inbox, [message(1), message(2), message(3)]);
    await journal.tidy(inbox, (uid) => uid !== 2);
    assert.equal(await lines(), 3, 'one is no burden');
    await journal.tidy(inbox, (uid) => uid === 3);
    assert.equal(await lines(), 1);
    assert.deepEqual([...(await journal.read(inbox)).values()], [message(3)]);
    const anew = { ...inbox, uidValidity: 8 };
    await journal.add(anew, [message(4), message(5)]);
    await journal.tidy(anew, () => true);
    assert.deepEqual([await lines(), (await journal.read(anew)).size], [3, 2]);
    await journal.tidy({ ...inbox, uidValidity: 9 }, () => true);
    assert.equal((await journal.read(anew)).size, 0);
    await journal.tidy({ ...inbox, name: byteStringOfLatin1('Nowhere') }, () => true);
  });

  test('what cannot be read or written is as if it had not been noted', async () => {
    await mkdir(join(state, 'x'));
    await writeFile(join(state, 'x', 'appended'), 'no directory');
    const journal = createAppendJournal(join(state, 'x'), account);
    await journal.add(inbox, [message(1)]);
    assert.equal((await journal.read(inbox)).size, 0);
  });
});
