import type { RunbookFacts } from './runbook-facts.ts';

const gigabyte = 1024 ** 3;

/** The server of the seed's own layout. */
export const runbookFacts = (more: Partial<RunbookFacts> = {}): RunbookFacts => ({
  server: 'mailserver',
  where: {
    kind: 'disk',
    folder: '/mnt/backup-hdd/mailserver/daily/2025-11-07',
    disk: {
      uuid: '3f1b0e66-6a0c-4d0c-9d52-0a4f8e1f6c11',
      type: 'ext4',
      device: '/dev/sda1',
      mountPoint: '/mnt/backup-hdd',
    },
  },
  started: Date.UTC(2025, 10, 7, 3),
  isComplete: true,
  verified: Date.UTC(2025, 10, 7, 3, 20),
  machine: {
    distribution: 'Rocky Linux 9.6 (Blue Onyx)',
    families: ['rocky', 'rhel', 'centos', 'fedora'],
    kernel: '5.14.0-570.el9',
    architecture: 'x86_64',
    programs: { docker: '28.1.1' },
    capturedBy: 0,
  },
  components: [
    {
      kind: 'files',
      name: 'config',
      form: 'archive',
      files: 30,
      bytes: 100_000,
      captured: 40,
      measured: { bytes: 30_000, duration: 40 },
      places: [
        { name: 'config', to: '/opt/mailserver/config', kind: 'folder', look: { uid: 0, gid: 0, mode: 0o755 } },
        { name: '.env', to: '/opt/mailserver/.env', kind: 'file', look: { uid: 0, gid: 0, mode: 0o600 } },
      ],
    },
    {
      kind: 'files',
      name: 'mail',
      form: 'tree',
      files: 500_000,
      bytes: 10 * gigabyte,
      captured: 60_000,
      measured: { bytes: 10 * gigabyte, duration: 200_000 },
      places: [
        {
          name: 'vmail',
          to: "/opt/mailserver/data/mail/Bob's mail",
          kind: 'folder',
          look: { uid: 5000, gid: 5000, mode: 0o2770 },
        },
      ],
    },
    {
      kind: 'database',
      name: 'mysql',
      database: 'mariadb',
      version: '10.11.14-MariaDB',
      files: 4,
      bytes: 100_000_000,
      captured: 9000,
      measured: { bytes: 10_000_000, duration: 9000 },
      site: {
        place: { kind: 'docker', container: 'mailserver-mariadb' },
        host: undefined,
        port: undefined,
        socket: undefined,
        systemUser: undefined,
        files: {},
      },
      dumps: [
        {
          file: 'usermgmt.sql',
          database: 'usermgmt',
          characterSet: 'utf8mb4',
          collation: 'utf8mb4_general_ci',
          owner: undefined,
        },
      ],
      accounts: 'users.sql',
    },
  ],
  owners: [{ uid: 5000, gid: 5000, user: 'vmail', group: 'vmail' }],
  compose: { path: '/opt/mailserver/docker-compose.yml', services: { 'mailserver-mariadb': 'mariadb' } },
  start: undefined,
  signs: {
    certificates: ['/opt/mailserver/data/certbot/live/mail.example.com/fullchain.pem'],
    keys: [
      { domain: 'example.com', selector: 'default', path: '/opt/mailserver/config/opendkim/keys/default.private' },
    ],
    domains: ['example.com'],
    person: 'alice@example.com',
  },
  ...more,
});
