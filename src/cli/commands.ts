import type { DefineCommand } from './define-command.ts';

/**
 * Every command, in the order in which `--help` lists them. A command that is run loads itself only: what the others
 * need would take longer to load than most of them take.
 */
const loaders: Readonly<Record<string, () => Promise<DefineCommand>>> = {
  init: async () => (await import('./command/init.ts')).initCommand,
  config: async () => (await import('./command/config.ts')).configCommand,
  doctor: async () => (await import('./command/doctor.ts')).doctorCommand,
  login: async () => (await import('./command/login.ts')).loginCommand,
  backup: async () => (await import('./command/backup.ts')).backupCommand,
  run: async () => (await import('./command/run.ts')).runCommand,
  maintain: async () => (await import('./command/maintain.ts')).maintainCommand,
  health: async () => (await import('./command/health.ts')).healthCommand,
  scrub: async () => (await import('./command/scrub.ts')).scrubCommand,
  status: async () => (await import('./command/status.ts')).statusCommand,
  schedule: async () => (await import('./command/schedule.ts')).scheduleCommand,
  history: async () => (await import('./command/history.ts')).historyCommand,
  report: async () => (await import('./command/report.ts')).reportCommand,
  notify: async () => (await import('./command/notify.ts')).notifyCommand,
  adopt: async () => (await import('./command/adopt.ts')).adoptCommand,
  import: async () => (await import('./command/import.ts')).importCommand,
  restore: async () => (await import('./command/restore.ts')).restoreCommand,
  drill: async () => (await import('./command/drill.ts')).drillCommand,
  runbook: async () => (await import('./command/runbook.ts')).runbookCommand,
  check: async () => (await import('./command/check.ts')).checkCommand,
  unlock: async () => (await import('./command/unlock.ts')).unlockCommand,
  snapshots: async () => (await import('./command/snapshots.ts')).snapshotsCommand,
  ls: async () => (await import('./command/ls.ts')).lsCommand,
  find: async () => (await import('./command/find.ts')).findCommand,
  dump: async () => (await import('./command/dump.ts')).dumpCommand,
  mount: async () => (await import('./command/mount.ts')).mountCommand,
  diff: async () => (await import('./command/diff.ts')).diffCommand,
  stats: async () => (await import('./command/stats.ts')).statsCommand,
  list: async () => (await import('./command/list.ts')).listCommand,
  cat: async () => (await import('./command/cat.ts')).catCommand,
  completion: async () => (await import('./command/completion.ts')).completionCommand,
  forget: async () => (await import('./command/forget.ts')).forgetCommand,
  hold: async () => (await import('./command/hold.ts')).holdCommand,
  copy: async () => (await import('./command/copy.ts')).copyCommand,
  rewrite: async () => (await import('./command/rewrite.ts')).rewriteCommand,
  repair: async () => (await import('./command/repair.ts')).repairCommand,
  migrate: async () => (await import('./command/migrate.ts')).migrateCommand,
  protect: async () => (await import('./command/protect.ts')).protectCommand,
  prune: async () => (await import('./command/prune.ts')).pruneCommand,
  tag: async () => (await import('./command/tag.ts')).tagCommand,
  kit: async () => (await import('./command/kit.ts')).kitCommand,
  key: async () => (await import('./command/key.ts')).keyCommand,
};

const groups: ReadonlySet<string> = new Set(['hold', 'key', 'kit', 'repair', 'config', 'history']);

/** Whether a command's next word is a command, too. */
export const isCommandGroup = (name: string): boolean => groups.has(name);

/** The command that is asked for; none for the version; all of them for `--help`, and for `completion`, which tells of all. */
export const loadCommands = async (name: string | undefined): Promise<readonly DefineCommand[]> => {
  if (name === '--version' || name === '-V') return [];
  const isKnown = name !== undefined && name !== 'completion' && Object.hasOwn(loaders, name);
  const wanted = isKnown ? [loaders[name]] : Object.values(loaders);
  return Promise.all(wanted.flatMap((load) => (load === undefined ? [] : [load()])));
};
