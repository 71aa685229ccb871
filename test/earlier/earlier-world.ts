import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createPerson, type Person } from '../journey/program.ts';
import { type CommandResult, succeed } from '../requirement/command.ts';
import { type Dovecot, startDovecot } from '../servers/dovecot.ts';
import { type LoopDisk, makeDisk } from '../servers/mail-server.ts';

/** Folders below a person's own that an archive of a release holds; with them `mailkeep.yaml.in`. */
export const kept = {
  /** State: history, keys. */
  home: 'home/.local',
  repository: 'repository',
  mirror: 'mirror',
  /** The mail server that is backed up. */
  server: 'server',
  /** What lies on the dated disk. */
  disk: 'disk',
  /** The home of the account on the IMAP server, with its UIDs. */
  account: 'account',
} as const;

export const configurationTemplate = `version: 1
timeZone: UTC
repositories: {main: {location: repository, password: {file: repository-password}}}
accounts:
  direct: {host: localhost, port: @PORT@, user: alice, certificateAuthority: ca.pem, login: {password: {file: imap-password}}}
  mirrored: {host: localhost, port: @PORT@, user: alice, certificateAuthority: ca.pem, login: {password: {file: imap-password}}, store: {mirror: mirror}}
servers:
  mailserver:
    root: server
    components: {mail: {folders: {vmail: vmail}}, config: {folders: {config: config}}}
    disk: {path: @DISK@/mailserver, mounts: [{uuid: @UUID@, marker: .mailkeep-disk}], reserve: 1M}
    gentle: {nice: 0, io: normal, cpu: 100%}
`;

/** A person with an account, a mail server, a disk and a repository. */
export interface EarlierWorld extends AsyncDisposable {
  readonly person: Person;
  readonly disk: LoopDisk;
  readonly dovecot: Dovecot;
  mailkeep(...args: readonly string[]): Promise<CommandResult>;
}

/** Gives the account the home that was kept, which holds the UIDs under which its messages are known. */
export const takeAccount = async ({ person, dovecot }: Pick<EarlierWorld, 'person' | 'dovecot'>): Promise<void> => {
  await cp(join(person.folder, kept.account), dovecot.home('alice'), { recursive: true, preserveTimestamps: true });
  await dovecot.own('alice');
};

/** What `configuration` (a template) speaks of, running; in the person's folder may be what an archive holds. */
export const openWorld = async (person: Person, configuration: string): Promise<EarlierWorld> => {
  const dovecot = await startDovecot({});
  const disk = await makeDisk(person.folder, 32);
  const text = configuration
    .replaceAll('@PORT@', String(dovecot.tlsPort))
    .replaceAll('@DISK@', disk.mountPoint)
    .replaceAll('@UUID@', disk.uuid);
  await writeFile(join(person.folder, 'mailkeep.yaml'), text, { mode: 0o600 });
  await writeFile(join(person.folder, 'ca.pem'), dovecot.certificateAuthority);
  for (const [name, secret] of [
    ['repository-password', 'geheim'],
    ['imap-password', 'secret'],
  ] as const) {
    await writeFile(join(person.folder, name), `${secret}\n`, { mode: 0o600 });
  }
  return {
    person,
    disk,
    dovecot,
    mailkeep: (...args) => person.run([...args, '--config', join(person.folder, 'mailkeep.yaml')]),
    [Symbol.asyncDispose]: async () => {
      await dovecot.stop();
      await disk.unmount();
      await person.leave();
    },
  };
};

/** A world as a release of Mailkeep has left it, and today's program in it. */
export const unpackedWorld = async (archive: string): Promise<EarlierWorld> => {
  const person = await createPerson();
  await succeed('tar', ['-xzf', archive, '-C', person.folder]);
  const world = await openWorld(person, await readFile(join(person.folder, 'mailkeep.yaml.in'), 'utf8'));
  await takeAccount(world);
  const disk = join(world.disk.mountPoint, 'mailserver');
  await mkdir(disk, { recursive: true });
  // With its hard links.
  await succeed('cp', ['-a', `${join(person.folder, kept.disk)}/.`, world.disk.mountPoint]);
  return world;
};
