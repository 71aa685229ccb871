import { calendarLines, type CronRule } from '../../model/schedule.ts';
import { processors } from '../../system/gentle.ts';

/** What a timer and its service are made of. */
export interface UnitWish {
  readonly name: string;
  readonly scope: 'system' | 'user';
  /** The configuration that this is the schedule of. */
  readonly file: string;
  /** Program and arguments. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly rules: readonly CronRule[];
  readonly timeZone: string | undefined;
  /** Seconds. */
  readonly randomDelay: number;
  /** What may be written; everything else is read-only for it. */
  readonly writable: readonly string[];
  /** Of all processors, 0 to 1; absent: all of them. */
  readonly processorShare?: number;
  /** Whether programs with rights of their own (sendmail is setgid or setuid) have to work. */
  readonly needsPrivileges: boolean;
}

const mark = (file: string): string => `# mailkeep-schedule: ${file}`;

/** Which configuration a unit was written for; undefined: it is none of ours. */
export const ownerOf = (unit: string): string | undefined => /^# mailkeep-schedule: (.+)$/m.exec(unit)?.[1];

/** systemd.service(5), "Command lines", and the specifiers of systemd.unit(5). */
const escaped = (word: string): string =>
  word
    .replaceAll('\\', '\\\\')
    .replaceAll('"', String.raw`\"`)
    .replaceAll('%', '%%')
    .replaceAll('\n', String.raw`\n`);

const plain = /^[\w@+=:,./-]+$/;

const argument = (word: string): string => (plain.test(word) ? word : `"${escaped(word).replaceAll('$', '$$$$')}"`);

/** Of what is no command a dollar has no meaning. A path that is not there is passed over. */
const path = (word: string): string => (plain.test(word) ? `-${word}` : `"-${escaped(word)}"`);

const head = (file: string, name: string): readonly string[] => [
  `# Written by \`mailkeep schedule install\`, removed by \`mailkeep schedule remove\`. Change it with: systemctl edit ${name}`,
  mark(file),
];

/** Whether something of ours lies where a private /tmp would hide it. */
const usesTemporary = ({ file, writable, command }: UnitWish): boolean =>
  [file, ...writable, ...command].some((place) => /^\/(?:var\/)?tmp(?:\/|$)/.test(place));

/** Confinement that needs no rights; what mounts differently needs root. */
const confinement = (wish: UnitWish): readonly string[] => {
  const { scope, writable, needsPrivileges } = wish;
  return [
    ...(needsPrivileges && scope === 'user' ? [] : ['NoNewPrivileges=yes']),
    'LockPersonality=yes',
    'RestrictRealtime=yes',
    ...(scope === 'user'
      ? []
      : [
          'ProtectSystem=strict',
          ...writable.map((folder) => `ReadWritePaths=${path(folder)}`),
          ...(usesTemporary(wish) ? [] : ['PrivateTmp=yes']),
          'PrivateDevices=yes',
          'ProtectClock=yes',
          'ProtectControlGroups=yes',
          'ProtectHostname=yes',
          'ProtectKernelLogs=yes',
          'ProtectKernelModules=yes',
          'ProtectKernelTunables=yes',
          'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
          'RestrictNamespaces=yes',
          ...(needsPrivileges ? [] : ['RestrictSUIDSGID=yes']),
        ]),
  ];
};

export const serviceUnit = (wish: UnitWish): string => {
  const { name, scope, file, command, environment, processorShare } = wish;
  const network = scope === 'system' ? ['Wants=network-online.target', 'After=network-online.target'] : [];
  return [
    ...head(file, `${name}.service`),
    '[Unit]',
    'Description=Mailkeep, backup of mail',
    ...network,
    '',
    '[Service]',
    'Type=oneshot',
    `ExecStart=${command.map(argument).join(' ')}`,
    ...Object.entries(environment).map(([key, value]) => `Environment="${key}=${escaped(value)}"`),
    ...(scope === 'system' ? ['User=root'] : []),
    'UMask=0077',
    'Nice=19',
    'IOSchedulingClass=idle',
    ...(processorShare === undefined ? [] : [`CPUQuota=${Math.round(100 * processorShare * processors())}%`]),
    '# An interrupted run ends in order: it lets go of its locks, and the next one goes on.',
    'KillMode=mixed',
    'TimeoutStopSec=2min',
    ...confinement(wish),
    '',
  ].join('\n');
};

export const timerUnit = ({ name, file, rules, timeZone, randomDelay }: UnitWish): string =>
  [
    ...head(file, `${name}.timer`),
    '[Unit]',
    'Description=Mailkeep, when its backups run',
    '',
    '[Timer]',
    ...rules.flatMap((rule) => calendarLines(rule, timeZone)).map((line) => `OnCalendar=${line}`),
    ...(randomDelay === 0 ? [] : [`RandomizedDelaySec=${randomDelay}s`]),
    'AccuracySec=1min',
    '# A night that was missed because the machine was off is made up for when it is on again.',
    'Persistent=true',
    '',
    '[Install]',
    'WantedBy=timers.target',
    '',
  ].join('\n');
