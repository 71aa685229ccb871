import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { globSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type EarlierWorld, kept, unpackedWorld } from '../earlier/earlier-world.ts';
import { runCommand } from '../requirement/command.ts';
import { whyNoLoop } from './mail-server.ts';

const archives = globSync(fileURLToPath(new URL('../fixture/earlier/*.tar.gz', import.meta.url)));
const why = await whyNoLoop();
assert.ok(why === undefined || process.env['CI'] !== 'true' || process.getuid?.() !== 0, why);

/** The text of every message below a folder, as hashes; a mail server is free to end its lines as it likes. */
const messagesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /[\\/](?:cur|new)$/.test(entry.parentPath))
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1').replaceAll('\r\n', '\n'))
    .map((text) => createHash('sha256').update(text).digest('hex'))
    .toSorted();

const good = async (world: EarlierWorld, ...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await world.mailkeep(...args);
  assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
};

/** JSON objects of a member, one a line. */
const linesWith = (text: string, member: string): readonly Record<string, unknown>[] =>
  text.split('\n').flatMap((line) => {
    if (!line.includes(`"${member}":`)) return [];
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? [{ ...value }] : [];
  });

test('each release has an archive of what it leaves behind', () => {
  assert.ok(archives.length > 0);
});

for (const archive of archives) {
  describe(`what version ${basename(archive, '.tar.gz')} has left`, { skip: why ?? false, timeout: 300_000 }, () => {
    test('is whole, restored byte for byte, and listed with its history and its holds', async () => {
      await using world = await unpackedWorld(archive);
      const { person, disk } = world;
      await good(world, 'check', '-r', 'main', '--read-data');
      const expected = messagesBelow(join(person.folder, kept.account));
      assert.equal(expected.length, 13);
      const snapshots: unknown = JSON.parse(await good(world, 'snapshots', '-r', 'main', '--json'));
      assert.ok(Array.isArray(snapshots));
      const ids = snapshots.map((snapshot: { readonly id: string }) => snapshot.id);
      // The second night of the account that went straight into the repository, and of its mirror.
      assert.equal(ids.length, 4);
      for (const id of ids.slice(2)) {
        const target = join(person.folder, `restored-${id}`);
        await good(world, 'restore', id, '-r', 'main', '--to', `maildir:${target}`);
        assert.deepEqual(messagesBelow(target), expected, id);
      }
      const into = join(person.folder, 'elsewhere');
      const from = join(disk.mountPoint, 'mailserver/latest');
      await good(world, 'restore', '--from', from, '--component', 'all', '--into', into, '--yes');
      assert.deepEqual(messagesBelow(into), messagesBelow(join(person.folder, kept.server)));
      const sums = await runCommand('sh', ['-c', 'cd "$1" && sha256sum --check --quiet checksums.sha256', 'sh', from]);
      assert.equal(sums.code, 0, sums.stderr);
      const commands = linesWith(await good(world, 'history', '--json'), 'state').map(({ command }) => command);
      assert.deepEqual(commands, ['run', 'run']);
      assert.match(await good(world, 'hold', 'list', '-r', 'main'), /kept by an earlier version/);
    });

    test('goes on the next night: nothing is fetched or stored again, and nothing is unexplained', async () => {
      await using world = await unpackedWorld(archive);
      const night = linesWith(await good(world, 'run', '--daily', '--json'), 'account');
      const told = night.map(({ account, messages_fetched, messages_in_snapshot, differences_unexplained }) => [
        account,
        messages_fetched,
        messages_in_snapshot,
        differences_unexplained,
      ]);
      assert.deepEqual(
        told.toSorted((a, b) => String(a[0]).localeCompare(String(b[0]))),
        [
          ['direct', 0, 13, 0],
          ['mirrored', 0, 13, 0],
        ],
      );
      const latest = join(world.disk.mountPoint, 'mailserver/latest');
      assert.match(realpathSync(latest), /daily/);
      assert.deepEqual(messagesBelow(`${latest}/`), messagesBelow(join(world.person.folder, kept.server)));
      await good(world, 'check', '-r', 'main', '--read-data');
    });
  });
}
