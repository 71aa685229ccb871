import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createPerson, type Person } from '../journey/program.ts';
import { runCommand, succeed } from '../requirement/command.ts';
import { isMessageLine, recordsOf } from './json-lines.ts';
import { type LoopDisk, makeDisk, whyNoLoop } from './mail-server.ts';

const why = await whyNoLoop();
assert.ok(why === undefined || process.env['CI'] !== 'true' || process.getuid?.() !== 0, why);

const body = (mark: string): string => `From: a@example.org\r\nSubject: ${mark}\r\n\r\nThe body of ${mark}.\r\n`;

describe('a disk that goes bad', { skip: why ?? false }, () => {
  let person: Person;
  let folder: string;
  let disk: LoopDisk;
  const backups = (): string => join(disk.mountPoint, 'mailserver');
  const cur = (): string => join(folder, 'vmail/alice/cur');
  const config = (): string => join(person.folder, 'mailkeep.yaml');
  const mailkeep = (...args: readonly string[]) => person.run([...args, '--config', config()]);
  const configure = (more: readonly string[] = []): void =>
    writeFileSync(
      config(),
      [
        'version: 1',
        'timeZone: UTC',
        `repositories: {main: {location: ${join(folder, 'repository')}, password: {file: ${join(person.folder, 'password')}}}}`,
        'servers:',
        '  mailserver:',
        `    components: {mail: {folders: {vmail: ${join(folder, 'vmail')}}}}`,
        `    disk: {path: ${backups()}, mounts: [{uuid: ${disk.uuid}}], reserve: 1M}`,
        '    gentle: {cpu: 100%}',
        ...more,
        '',
      ].join('\n'),
      { mode: 0o600 },
    );

  /** As a medium that goes bad does it: below the file system, which knows nothing of it. */
  const rot = async (mark: string): Promise<void> => {
    await disk.unmount();
    const image = join(folder, `${disk.uuid}.ext4`);
    const at = readFileSync(image).indexOf(`The body of ${mark}.`);
    assert.ok(at > 0, `${mark} is not on the disk`);
    const file = await open(image, 'r+');
    await file.write(Buffer.from('t'), 0, 1, at);
    await file.close();
    await disk.mount();
  };
  const day = (): string => {
    const [name = ''] = readdirSync(join(backups(), 'daily')).filter((one) => /^\d/.test(one));
    return join(backups(), 'daily', name);
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mailkeep-scrub-'));
    person = await createPerson();
    disk = await makeDisk(folder, 64);
    for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(folder, 'vmail/alice', part), { recursive: true });
    for (const mark of ['kept-elsewhere', 'nowhere-else', 'twice']) {
      writeFileSync(join(cur(), `1.${mark}.host:2,S`), body(mark));
    }
    mkdirSync(join(folder, 'vmail/alice/.Copy/cur'), { recursive: true });
    writeFileSync(join(folder, 'vmail/alice/.Copy/cur/9.twice.host:2,S'), body('twice'));
    writeFileSync(join(person.folder, 'password'), 'secret\n', { mode: 0o600 });
    configure();
  });
  after(async () => {
    await disk.unmount();
    await person.leave();
    await rm(folder, { recursive: true, force: true });
  });

  test('OR-06: a night reads some of the disk again, and a scrub all of it, each file once', async () => {
    const night = await mailkeep('run', 'mailserver', '--daily');
    assert.equal(night.code, 0, night.stderr);
    assert.match(night.stdout, /of the disk read again: all good/);
    const weekly = await mailkeep('run', 'mailserver', '--weekly');
    assert.equal(weekly.code, 0, weekly.stderr);
    const scrub = await mailkeep('scrub', 'mailserver', '--all', '--json');
    assert.equal(scrub.code, 0, scrub.stderr);
    // Four messages, of which two are alike, and two files of the manifest; the week has the same files.
    assert.match(scrub.stdout, /"files_read":6,.*"from_disk":true,.*"bad":\[\]/);
  });

  test('OR-06: rot below the file system is found although the page is in memory, and named for every day', async () => {
    await rot('nowhere-else');
    const scrub = await mailkeep('scrub', 'mailserver', '--all');
    assert.equal(scrub.code, 1, scrub.stdout + scrub.stderr);
    assert.match(scrub.stdout, /BAD: \S+vmail\/alice\/cur\/1\.nowhere-else\.host:2,S does not hold what was written/);
    assert.match(scrub.stdout, /the same file: \S+1\.nowhere-else\.host:2,S/);
    const names = [...scrub.stdout.matchAll(/((?:daily|weekly)\/\S+?)\/mail\/vmail/g)].map(([, place = '']) => place);
    assert.deepEqual(new Set(names.map((name) => name.split('/')[0])), new Set(['daily', 'weekly']));
    assert.equal(names.length, 2);
    const repair = await mailkeep('scrub', 'mailserver', '--repair', '--dry-run');
    assert.equal(repair.code, 1);
    assert.match(repair.stdout, /LOST: \S+1\.nowhere-else\.host:2,S.*: no good copy is known/);
    const status = await mailkeep('status', 'mailserver');
    assert.equal(status.code, 1);
    assert.match(status.stdout, /is damaged/);
  });

  test('what is lost on the disk and still in the source is captured anew, and heals the older days', async () => {
    const night = await mailkeep('run', 'mailserver', '--daily');
    assert.equal(night.code, 0, night.stdout + night.stderr);
    const repair = await mailkeep('scrub', 'mailserver', '--repair', '--yes');
    assert.equal(repair.code, 0, repair.stdout + repair.stderr);
    assert.match(repair.stdout, /can be mended: \S+nowhere-else\S+ .*from daily\//);
    assert.match(repair.stdout, /mended: \S+nowhere-else/);
    const [week = ''] = readdirSync(join(backups(), 'weekly'));
    for (const one of [day(), join(backups(), 'weekly', week)]) {
      await succeed('sha256sum', ['-c', '--quiet', 'checksums.sha256'], { cwd: one });
    }
  });

  test('B14: health asks the real smartctl, and tells the file system, the room, what was read again', async () => {
    const health = await mailkeep('health', 'mailserver', '--json');
    assert.equal(health.code, 0, health.stdout + health.stderr);
    const findings = recordsOf(health.stdout).filter(isMessageLine('finding'));
    const told = (check: string): string => {
      const found = findings.find((finding) => finding['check'] === check);
      assert.deepEqual([found?.['state'], found?.['subject']], ['ok', 'mailserver'], check);
      return String(found?.['message']);
    };
    // A loop device lies on the disk of this machine, which may be a virtual one.
    assert.doesNotMatch(told('smart'), /not installed/);
    assert.match(told('file-system'), /^the file system of /);
    assert.match(told('space'), / free; /);
    assert.match(told('scrub'), /^every file of the disk was read since /);
  });

  test('OR-06: a bad file is mended from a sibling, as a new file, with its metadata', async () => {
    await rot('twice');
    assert.equal((await mailkeep('scrub', 'mailserver', '--all')).code, 1);
    const files = ['cur/1.twice.host:2,S', '.Copy/cur/9.twice.host:2,S'].map((name) =>
      join(day(), 'mail/vmail/alice', name),
    );
    const before = files.map((file) => lstatSync(file));
    const asked = await mailkeep('scrub', 'mailserver', '--repair');
    assert.equal(asked.code, 2, 'nobody is there to be asked');
    const repair = await mailkeep('scrub', 'mailserver', '--repair', '--yes');
    assert.equal(repair.code, 0, repair.stdout + repair.stderr);
    const afterwards = files.map((file) => lstatSync(file));
    assert.equal(afterwards.filter(({ ino }, at) => ino !== before[at]?.ino).length, 1);
    assert.deepEqual(
      afterwards.map(({ mode, uid, gid, mtimeMs }) => [mode, uid, gid, mtimeMs]),
      before.map(({ mode, uid, gid, mtimeMs }) => [mode, uid, gid, mtimeMs]),
    );
    await succeed('sha256sum', ['-c', '--quiet', 'checksums.sha256'], { cwd: day() });
  });

  test('OR-06: a file that has no good copy on the disk is mended from the repository', async () => {
    const repository = ['    repository: main'];
    configure(repository);
    const made = await mailkeep('init', '-r', 'main');
    assert.equal(made.code, 0, made.stderr);
    const night = await mailkeep('run', 'mailserver', '--daily');
    assert.equal(night.code, 0, night.stdout + night.stderr);
    await rm(join(cur(), '1.kept-elsewhere.host:2,S'));
    await rot('kept-elsewhere');
    const plan = await mailkeep('scrub', 'mailserver', '--all', '--disk-only', '--repair', '--dry-run');
    assert.equal(plan.code, 1, plan.stderr);
    assert.match(plan.stdout, /can be mended: \S+kept-elsewhere\S+.* from snapshot [0-9a-f]{8}/);
    const repair = await mailkeep('scrub', 'mailserver', '--repair', '--yes');
    assert.equal(repair.code, 0, repair.stdout + repair.stderr);
    await succeed('sha256sum', ['-c', '--quiet', 'checksums.sha256'], { cwd: day() });
    assert.equal((await runCommand('grep', ['-rq', 'kept-elsewhere', day()])).code, 0);
  });
});
