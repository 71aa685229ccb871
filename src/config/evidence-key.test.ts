import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { isFault } from '../model/fault.ts';
import { ensureEvidenceKey, evidenceKeyPath, parseEvidenceKey, readEvidenceKey } from './evidence-key.ts';

const place = async (t: TestContext): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-key-'));
  t.after(() => rm(folder, { recursive: true }));
  // Others may enter it, unlike what mkdtemp makes.
  await chmod(folder, 0o755);
  return evidenceKeyPath({ stateDirectory: join(folder, 'state') });
};

describe('S6: the key that notes of what was read are signed with', () => {
  test('S6: it is made once, for the owner alone, also by two that want it at the same time', async (t) => {
    const path = await place(t);
    assert.equal(await readEvidenceKey(path), undefined);
    const [one, other] = await Promise.all([ensureEvidenceKey(path), ensureEvidenceKey(path)]);
    assert.equal(one.length, 32);
    assert.deepEqual(one, other);
    assert.deepEqual(await ensureEvidenceKey(path), one);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal((await stat(join(path, '..'))).mode & 0o777, 0o700);
    assert.deepEqual(await readdir(join(path, '..')), ['evidence-key']);
    assert.deepEqual(parseEvidenceKey(await readFile(path, 'utf8'), 'here'), one);
  });

  test('S6: one that others may read, or that is none, is refused and left as it is', async (t) => {
    const path = await place(t);
    await ensureEvidenceKey(path);
    await chmod(join(path, '..'), 0o755);
    await chmod(path, 0o644);
    await assert.rejects(
      ensureEvidenceKey(path),
      (fault) => isFault(fault, 'configuration') && /others may read/.test(fault.message),
    );
    await chmod(path, 0o600);
    await writeFile(path, 'no key\n');
    await assert.rejects(
      ensureEvidenceKey(path),
      (fault) => isFault(fault, 'configuration') && !fault.message.includes('no key'),
    );
    assert.equal(await readFile(path, 'utf8'), 'no key\n');
  });
});
