import { composePlugin } from './compose-plugin.ts';
import { type PackageNeed, installPackages } from './debian.ts';
import { mysqlPrograms } from './mysql.ts';
import { resticBinary, resticVersions } from './restic.ts';
import { unpackedServer } from './unpacked.ts';

const journeyPackages: readonly PackageNeed[] = [
  { name: 'borgbackup', command: 'borg' },
  { name: 'rsync', command: 'rsync' },
  { name: 'attr', command: 'setfattr' },
  { name: 'acl', command: 'setfacl' },
  { name: 'dovecot-imapd', command: 'dovecot' },
  { name: 'openssl', command: 'openssl' },
];

/** The clock of a program, moved: for what happens night after night. */
const clockPackages: readonly PackageNeed[] = [{ name: 'faketime', command: 'faketime' }];

/** What the servers of the tier of that name are made of. */
export const serverPackages: readonly PackageNeed[] = [
  { name: 'ceph-mon', command: 'ceph-mon' },
  { name: 'ceph-osd', command: 'ceph-osd' },
  { name: 'radosgw', command: 'radosgw' },
  { name: 'ceph-common', command: 'ceph' },
  { name: 'openssl', command: 'openssl' },
  { name: 'openssh-server', command: '/usr/sbin/sshd' },
  { name: 'openssh-client', command: 'ssh' },
  { name: 'rclone', command: 'rclone' },
  { name: 'sshfs', command: 'sshfs' },
  { name: 'samba', command: 'smbd' },
  { name: 'smbclient', command: 'smbclient' },
  { name: 'smbnetfs', command: 'smbnetfs' },
  { name: 'iproute2', command: 'ip' },
  { name: 'dovecot-imapd', command: 'dovecot' },
  { name: 'offlineimap3', command: 'offlineimap' },
  { name: 'isync', command: 'mbsync' },
  { name: 'dbus-daemon', command: 'dbus-run-session' },
  { name: 'gnome-keyring', command: 'gnome-keyring-daemon' },
  { name: 'libsecret-tools', command: 'secret-tool' },
  { name: 'postfix', command: '/usr/sbin/postfix' },
  { name: 'postfix-mysql', command: '/usr/lib/postfix/postfix-mysql.so' },
  { name: 'dovecot-mysql', command: '/usr/lib/dovecot/modules/auth/libdriver_mysql.so' },
  { name: 'dovecot-lmtpd', command: '/usr/lib/dovecot/lmtp' },
  { name: 'dovecot-sieve', command: 'sievec' },
  { name: 'systemd', command: 'systemd-analyze' },
  { name: 'cron', command: 'crontab' },
  { name: 'smartmontools', command: '/usr/sbin/smartctl' },
];

/** Databases, of which only the programs are wanted, and what runs one in a container. */
const databasePackages: readonly PackageNeed[] = [
  { name: 'mariadb-server-core', command: 'mariadbd' },
  { name: 'mariadb-client', command: 'mariadb-dump' },
  { name: 'postgresql', command: 'pg_lsclusters' },
  { name: 'sqlite3', command: 'sqlite3' },
  { name: 'redis-tools', command: 'redis-cli' },
  { name: 'docker.io', command: 'dockerd' },
  { name: 'docker-compose', command: 'docker-compose' },
  { name: 'podman', command: 'podman' },
  { name: 'runc', command: 'runc' },
];

/** Webmail. With PHP for web servers in its plainest form, or apt would choose Apache for it. */
const webmailPackages: readonly PackageNeed[] = [
  { name: 'php-cli', command: 'php' },
  { name: 'php-cgi', command: 'php-cgi' },
  { name: 'roundcube-mysql', command: '/usr/share/doc/roundcube-mysql' },
  { name: 'php-sqlite3', command: '/usr/share/doc/php-sqlite3' },
  { name: 'roundcube-core', command: '/var/lib/roundcube/index.php' },
];

/** File systems of disks. */
const diskPackages: readonly PackageNeed[] = [
  { name: 'e2fsprogs', command: '/usr/sbin/mkfs.ext4' },
  { name: 'xfsprogs', command: '/usr/sbin/mkfs.xfs' },
  { name: 'btrfs-progs', command: 'mkfs.btrfs' },
];

/** Gets what the tests of a tier need, where it may; resolves to a sentence for each thing that is still missing. */
export async function ensureRequirements(tier: 'test' | 'servers' | 'long'): Promise<string[]> {
  const more = {
    test: [],
    servers: [...serverPackages, ...databasePackages, ...webmailPackages, ...diskPackages, ...clockPackages],
    long: clockPackages,
  };
  const missing = await installPackages([...journeyPackages, ...more[tier]]);
  const needs: (() => Promise<unknown>)[] = resticVersions.map((version) => () => resticBinary(version));
  if (tier === 'servers')
    needs.push(
      () => unpackedServer('courier'),
      () => unpackedServer('cyrus'),
      composePlugin,
      mysqlPrograms,
    );
  for (const need of needs) {
    try {
      await need();
    } catch (error) {
      missing.push(error instanceof Error ? error.message : String(error));
    }
  }
  return missing;
}
