// Keeps what this version of Mailkeep leaves behind, for all later ones to read; once for each release, as root: node test/earlier/make-archive.ts
import assert from 'node:assert/strict';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPerson } from '../journey/program.ts';
import { succeed } from '../requirement/command.ts';
import { openWriter, serverOf } from '../servers/imap-account.ts';
import { configurationTemplate, kept, openWorld } from './earlier-world.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program: unknown = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
assert.ok(typeof program === 'object' && program !== null && 'version' in program);

const message = (number: number) => ({
  content: `From: a@example.org\r\nSubject: Gr=C3=BC=C3=9Fe ${number}\r\n\r\nGrüße, こんにちは ${number}\r\n`,
  date: 1_700_000_000 + number,
  flags: number % 2 === 0 ? ['\\Seen', 'project'] : [],
});

await using world = await openWorld(await createPerson(), configurationTemplate);
const { person, dovecot, disk } = world;
const mailkeep = async (...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await world.mailkeep(...args);
  assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
};

const server = join(person.folder, kept.server);
for (const folder of ['cur', 'new', 'tmp']) {
  await mkdir(join(server, 'vmail/example.com/alice', folder), { recursive: true });
}
for (let number = 0; number < 8; number++) {
  const name = `${String(1_700_000_000 + number)}.M1P${String(number)}.mail:2,S`;
  await writeFile(join(server, 'vmail/example.com/alice/cur', name), message(number).content);
}
await mkdir(join(server, 'config'));
await writeFile(join(server, 'config/main.cf'), 'myhostname = mail.example.com\n');

const writer = await openWriter(serverOf(dovecot));
await writer.create('Arbeit/Pläne');
await writer.append(
  'INBOX',
  Array.from({ length: 10 }, (_, number) => message(number)),
);
await writer.append('Arbeit/Pläne', [message(10), message(11)]);
await mailkeep('init', '-r', 'main');
await mailkeep('run', '--daily');
await writer.append('INBOX', [message(12)]);
await writer.close();
await mailkeep('run', '--weekly');
await mailkeep('check', '-r', 'main', '--read-data');
await mailkeep('hold', 'add', 'latest', '-r', 'main', '--reason', 'kept by an earlier version');

await cp(dovecot.home('alice'), join(person.folder, kept.account), { recursive: true, preserveTimestamps: true });
await mkdir(join(person.folder, kept.disk));
await succeed('cp', ['-a', `${disk.mountPoint}/.`, join(person.folder, kept.disk)]);
await rm(join(person.folder, kept.disk, 'lost+found'), { recursive: true, force: true });
await writeFile(join(person.folder, 'mailkeep.yaml.in'), configurationTemplate);
const archive = join(root, 'test/fixture/earlier', `${String(program.version)}.tar.gz`);
await mkdir(join(root, 'test/fixture/earlier'), { recursive: true });
await succeed('tar', [
  '-czf',
  archive,
  '--format=posix',
  '--sort=name',
  '-C',
  person.folder,
  'mailkeep.yaml.in',
  ...Object.values(kept),
]);
console.log(archive);
