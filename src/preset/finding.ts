import type { CompressedForm } from '../mail/stored-form.ts';

/** The stacks that are known. */
export const presetNames = [
  'mailserver',
  'docker-mailserver',
  'mailcow',
  'mailu',
  'iredmail',
  'mail-in-a-box',
  'dovecot',
] as const;

export type PresetName = (typeof presetNames)[number];

/** What a place is for: what its loss would mean. */
export type Role =
  | 'mail'
  | 'mail-key'
  | 'accounts'
  | 'dkim'
  | 'secrets'
  | 'settings'
  | 'certificates'
  | 'own-key'
  | 'extra';

export type Engine = 'mariadb' | 'mysql' | 'postgres' | 'sqlite' | 'redis';

/** What a preset has found, or has not, or what `doctor` finds missing. Never the value of a secret. */
export type PresetFinding =
  | { readonly code: 'stack'; readonly preset: PresetName; readonly by: string }
  | { readonly code: 'places'; readonly component: string; readonly paths: readonly string[] }
  /** `where`: a container, a service, or empty for this machine itself. */
  | { readonly code: 'database'; readonly component: string; readonly engine: Engine; readonly where: string }
  | { readonly code: 'databases'; readonly component: string; readonly names: readonly string[] }
  /** Of those that such a stack may have: it was installed without them. */
  | { readonly code: 'databases-absent'; readonly component: string; readonly names: readonly string[] }
  /** `from`: the command or the file that is referred to; empty: none is needed, as the server knows the user by the system. */
  | { readonly code: 'password'; readonly component: string; readonly from: string }
  | { readonly code: 'dkim-in-redis'; readonly component: string }
  | { readonly code: 'compressed-mail'; readonly path: string; readonly form: CompressedForm | 'bzip2' | 'xz' }
  | { readonly code: 'encrypted-mail'; readonly path: string; readonly keys: readonly string[] }
  | { readonly code: 'ldap-copies'; readonly path: string }
  /** Docker could not be asked where a volume lies. */
  | { readonly code: 'volume-guessed'; readonly volume: string; readonly path: string }
  | { readonly code: 'engine-silent'; readonly file: string }
  | { readonly code: 'own-backup-key'; readonly path: string }
  // what is not as it should be
  | { readonly code: 'not-there'; readonly role: Role; readonly path: string }
  | { readonly code: 'closed'; readonly path: string }
  | { readonly code: 'file-closed'; readonly path: string; readonly reason: string }
  | { readonly code: 'file-missing'; readonly path: string }
  | { readonly code: 'file-strange'; readonly path: string; readonly reason: string }
  | { readonly code: 'variables-missing'; readonly file: string; readonly names: readonly string[] }
  | { readonly code: 'volume-driver'; readonly volume: string; readonly driver: string; readonly role: Role }
  | { readonly code: 'no-password'; readonly component: string; readonly names: readonly string[] }
  | { readonly code: 'weak-user'; readonly component: string; readonly user: string }
  | { readonly code: 'dkim-missing'; readonly places: readonly string[] }
  | { readonly code: 'accounts-elsewhere'; readonly where: string }
  | { readonly code: 'not-maildir'; readonly path: string; readonly driver: string }
  | { readonly code: 'user-homes'; readonly path: string }
  | { readonly code: 'own-backup-key-missing'; readonly path: string }
  /** A database of a system that is looked at, but does not run here. */
  | { readonly code: 'not-running'; readonly engine: Engine }
  | { readonly code: 'volume-unclaimed'; readonly service: string; readonly path: string }
  // without which a backup is not worth much
  | { readonly code: 'mail-missing'; readonly path: string }
  | { readonly code: 'service-missing'; readonly service: string; readonly file: string }
  | { readonly code: 'mail-key-missing'; readonly mail: string; readonly key: string }
  | { readonly code: 'mail-key-unknown'; readonly mail: string }
  | { readonly code: 'ldap-uncaptured'; readonly command: string }
  // of doctor alone
  | { readonly code: 'forgotten'; readonly role: Role; readonly path: string }
  | { readonly code: 'forgotten-database'; readonly engine: Engine; readonly where: string }
  | { readonly code: 'forgotten-databases'; readonly component: string; readonly names: readonly string[] }
  | { readonly code: 'certificates-partial'; readonly path: string; readonly missing: readonly string[] }
  | {
      readonly code: 'live-database-files';
      readonly component: string;
      readonly path: string;
      readonly engine: string;
    };

/**
 * `found`: as it should be; `note`: worth knowing; `warning`: a person should look; `loss`: without it a backup is not worth much.
 */
export type Weight = 'found' | 'note' | 'warning' | 'loss';

const found: readonly PresetFinding['code'][] = [
  'stack',
  'places',
  'database',
  'databases',
  'password',
  'dkim-in-redis',
  'compressed-mail',
  'encrypted-mail',
  'own-backup-key',
];

const note: readonly PresetFinding['code'][] = ['databases-absent', 'volume-guessed', 'engine-silent', 'user-homes'];

const loss: readonly PresetFinding['code'][] = [
  'mail-missing',
  'service-missing',
  'mail-key-missing',
  'mail-key-unknown',
  'ldap-uncaptured',
];

export const weightOf = ({ code }: PresetFinding): Weight => {
  if (found.includes(code)) return 'found';
  if (note.includes(code)) return 'note';
  return loss.includes(code) ? 'loss' : 'warning';
};
