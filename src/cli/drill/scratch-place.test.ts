import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isFault } from '../../model/fault.ts';
import { requirePassable } from './scratch-place.ts';

test('B12: a scratch folder below one that is closed to others is refused by its name, since the servers of the drill could not go through it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-scratch-'));
  t.after(() => rm(folder, { recursive: true }));
  const [closed, base] = [join(folder, 'closed'), join(folder, 'closed', 'drills')];
  await mkdir(base, { recursive: true, mode: 0o755 });
  await chmod(folder, 0o711);
  await chmod(closed, 0o711);
  await requirePassable(base);
  await chmod(closed, 0o700);
  await assert.rejects(requirePassable(base), (fault) => {
    assert.ok(isFault(fault, 'configuration'));
    assert.ok(fault.message.includes(`other users cannot go through ${closed},`), fault.message);
    return true;
  });
  await assert.rejects(requirePassable(join(folder, 'nowhere')), (fault) => isFault(fault, 'configuration'));
});
