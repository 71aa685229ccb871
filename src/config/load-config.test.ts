import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Fault, isFault } from '../model/fault.ts';
import { imapAccountSetting } from '../protocol/imap/config.ts';
import { notificationSetting } from '../notify/notification-setting.ts';
import { filesComponentSetting } from '../protocol/server/files-component-setting.ts';
import { createConfigSchema } from './config-schema.ts';
import { findConfig } from './find-config.ts';
import { checkConfig, loadConfig } from './load-config.ts';
import type { ResolvePath } from '../contract/setting.ts';

const createSchema = (resolve: ResolvePath) =>
  createConfigSchema(
    {
      account: imapAccountSetting(resolve),
      component: filesComponentSetting(resolve),
      notification: notificationSetting(resolve),
    },
    resolve,
  );

const withSecret = `version: 1
repositories: {main: {location: backup, password: {value: hunter2}}}
`;

describe('the file of the configuration', () => {
  let folder = '';
  let file = '';
  before(async () => {
    // Others may enter it, unlike the folder that mkdtemp makes.
    folder = await mkdtemp(join(tmpdir(), 'mailkeep-config-'));
    await chmod(folder, 0o755);
    file = join(folder, 'mailkeep.yaml');
  });
  after(() => rm(folder, { recursive: true }));

  const write = async (text: string, mode: number): Promise<void> => {
    await writeFile(file, text);
    await chmod(file, mode);
  };

  test('B8: one that holds a secret and that others may read is refused', async () => {
    await write(withSecret, 0o644);
    const refused = await checkConfig(file, '/home/a', createSchema);
    assert.ok(refused.kind === 'bad' && /others may read it/.test(refused.problems[0]?.message ?? ''));
    await write(withSecret, 0o600);
    assert.equal((await checkConfig(file, '/home/a', createSchema)).kind, 'good');
  });

  test('B8: a closed folder above it protects it as well', async () => {
    const closed = join(folder, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const inside = join(closed, 'mailkeep.yaml');
    await writeFile(inside, withSecret, { mode: 0o644 });
    assert.equal((await checkConfig(inside, '/home/a', createSchema)).kind, 'good');
  });

  test('one that anybody may write is refused: it names commands that run', async () => {
    await write('version: 1\n', 0o666);
    const refused = await checkConfig(file, '/home/a', createSchema);
    assert.ok(refused.kind === 'bad' && /anybody may write/.test(refused.problems[0]?.message ?? ''));
  });

  test('paths are taken from beside the file, and ~ from the home', async () => {
    await write('version: 1\nrepositories: {a: {location: backup}, b: {location: ~/b}}\n', 0o644);
    const { config } = await loadConfig(file, '/home/a', createSchema);
    assert.equal(config.repositories['a']?.location, join(folder, 'backup'));
    assert.equal(config.repositories['b']?.location, '/home/a/b');
  });

  test('problems become one Fault that tells them all, and none of the secrets', async () => {
    await write(`${withSecret}acounts: {}\nlanguage: fr\n`, 0o600);
    await assert.rejects(loadConfig(file, '/home/a', createSchema), (thrown: unknown) => {
      assert.ok(isFault(thrown, 'configuration'));
      assert.match(thrown.message, /mailkeep\.yaml:3:1: acounts is not known\n {4}Is accounts meant\?/);
      assert.match(thrown.message, /mailkeep\.yaml:4:11: language must be one of en, ja/);
      assert.doesNotMatch(`${thrown.message}${thrown.hint ?? ''}`, /hunter2/);
      return true;
    });
  });

  test('what is no text, or far too long, is refused', async () => {
    await writeFile(file, Buffer.from([0x76, 0xff, 0xfe]));
    await assert.rejects(checkConfig(file, '/', createSchema), /not UTF-8/);
    await writeFile(file, '#'.repeat((1 << 20) + 1));
    await assert.rejects(checkConfig(file, '/', createSchema), /longer than 1 MiB/);
  });

  test('it is looked for in its usual places, or only where it is said to be', async () => {
    const places = { configDirectory: folder, configFile: undefined, home: '/' };
    assert.equal(await findConfig(undefined, places), file);
    assert.equal(await findConfig(undefined, { ...places, configDirectory: join(folder, 'none') }), undefined);
    await assert.rejects(findConfig(join(folder, 'other'), places), Fault);
    await assert.rejects(findConfig(undefined, { ...places, configFile: '/none' }), /MAILKEEP_CONFIG|\/none/);
  });
});
