import type { MachineRecord } from '../../../contract/machine-record.ts';
import { shellCommand } from '../../../model/shell-word.ts';
import type { BackupDisk, BackupSite, DatabaseOfComponent, RunbookFacts, RunbookOwner } from './runbook-facts.ts';

type Family = 'debian' | 'rhel';

const familyOf = ({ families }: MachineRecord): Family | undefined => {
  if (families.includes('debian')) return 'debian';
  return families.some((name) => ['rhel', 'fedora', 'centos', 'rocky'].includes(name)) ? 'rhel' : undefined;
};

/** Packages by what they bring; `dig` is needed to look at the DNS in the end. */
const packages: Readonly<Record<Family, Readonly<Record<string, readonly string[]>>>> = {
  debian: {
    dovecot: ['dovecot-imapd', 'dovecot-lmtpd'],
    postfix: ['postfix'],
    opendkim: ['opendkim', 'opendkim-tools'],
    docker: ['docker.io', 'docker-compose'],
    mariadb: ['mariadb-server'],
    postgres: ['postgresql'],
    redis: ['redis-server'],
    restic: ['restic'],
    dig: ['bind9-dnsutils', 'curl', 'openssl'],
  },
  rhel: {
    dovecot: ['dovecot'],
    postfix: ['postfix'],
    opendkim: ['opendkim'],
    docker: ['docker-ce', 'docker-ce-cli', 'containerd.io', 'docker-compose-plugin'],
    mariadb: ['mariadb-server'],
    postgres: ['postgresql-server'],
    redis: ['redis'],
    restic: ['restic'],
    dig: ['bind-utils', 'curl', 'openssl'],
  },
};

export const databasesOf = ({ components }: RunbookFacts): readonly DatabaseOfComponent[] =>
  components.filter((component) => component.kind === 'database');

/** What has to be installed for this recovery, by what it is called here. */
const wantedOf = (facts: RunbookFacts): readonly string[] => {
  const { machine, where } = facts;
  const ran = ['docker', 'postfix', 'dovecot', 'opendkim'].filter((name) => machine?.programs[name] !== undefined);
  const databases = databasesOf(facts).filter(({ site }) => site.place === undefined && site.host === undefined);
  return [
    ...ran,
    ...databases.map(({ database }) => (database === 'mysql' ? 'mariadb' : database)),
    ...(where.kind === 'repository' ? ['restic'] : []),
    'dig',
  ];
};

/** Where Docker's own packages come from on systems that have none. */
const dockerRepository = 'dnf config-manager --add-repo https://download.docker.com/linux/centos/docker-ce.repo';

/** Installs what the recovery needs; none where the distribution is not known. */
export const installCommands = (facts: RunbookFacts): readonly string[] => {
  const family = facts.machine === undefined ? undefined : familyOf(facts.machine);
  if (family === undefined) return [];
  const wanted = wantedOf(facts);
  const names = wanted.flatMap((name) => packages[family][name] ?? []);
  if (family === 'debian') return ['apt-get update', shellCommand('apt-get', 'install', '--yes', ...names)];
  const prepared = wanted.includes('docker') ? ['dnf install -y dnf-plugins-core', dockerRepository] : [];
  const begun = wanted.includes('docker') ? ['systemctl enable --now docker'] : [];
  return [...prepared, shellCommand('dnf', 'install', '-y', ...names), ...begun];
};

export const diskOf = (where: BackupSite): BackupDisk | undefined => (where.kind === 'disk' ? where.disk : undefined);

/** Mounts the disk so that nothing on it can be harmed. None where the backup lies on the system's own disk. */
export const mountCommands = ({ where }: RunbookFacts): readonly string[] => {
  const disk = diskOf(where);
  if (disk === undefined) return [];
  const source = disk.uuid === undefined ? disk.device : `UUID=${disk.uuid}`;
  const isNetwork = !disk.device.startsWith('/dev/');
  return [
    shellCommand('mkdir', '-p', disk.mountPoint),
    ...(isNetwork || disk.uuid !== undefined ? [] : ['lsblk -f']),
    shellCommand('mount', ...(isNetwork ? ['-t', disk.type] : []), '-o', 'ro', source, disk.mountPoint),
  ];
};

/** The line of /etc/fstab, for when all is well again. */
export const fstabLine = ({ where }: RunbookFacts): string | undefined => {
  const disk = diskOf(where);
  if (disk?.uuid === undefined) return undefined;
  return `UUID=${disk.uuid} ${disk.mountPoint.replaceAll(' ', String.raw`\040`)} ${disk.type} defaults,nofail 0 2`;
};

const once = <Item>(items: readonly Item[], key: (item: Item) => unknown): readonly Item[] =>
  items.filter((item, at) => items.findIndex((other) => key(other) === key(item)) === at);

/** Makes the users and groups that files belong to, where their numbers are free, and shows what has the numbers now. */
export const ownerCommands = (owners: readonly RunbookOwner[]): readonly string[] => {
  const groups = once(
    owners.filter(({ gid, group }) => gid !== 0 && group !== ''),
    ({ gid }) => gid,
  );
  const users = once(
    owners.filter(({ uid, user }) => uid !== 0 && user !== ''),
    ({ uid }) => uid,
  );
  const shown = (database: string, ids: readonly number[]): readonly string[] =>
    ids.length === 0 ? [] : [shellCommand('getent', database, ...ids.map(String))];
  return [
    ...groups.map(
      ({ gid, group }) => `getent group ${gid} > /dev/null || ${shellCommand('groupadd', '--gid', `${gid}`, group)}`,
    ),
    ...users.map(({ uid, gid, user }) => {
      const look = ['--no-create-home', '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin'];
      const make = shellCommand('useradd', '--uid', `${uid}`, '--gid', `${gid}`, ...look, user);
      return `getent passwd ${uid} > /dev/null || ${make}`;
    }),
    ...shown(
      'group',
      groups.map(({ gid }) => gid),
    ),
    ...shown(
      'passwd',
      users.map(({ uid }) => uid),
    ),
  ];
};
