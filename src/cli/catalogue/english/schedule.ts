import { plural } from './plural.ts';

type Manager = 'systemd' | 'cron';

/** Of `schedule`. */
export const scheduleMessages = {
  scheduleInstalled: (manager: Manager, result: 'installed' | 'unchanged', next: string): string =>
    `${result === 'installed' ? 'installed' : 'already as it should be'} (${manager}); the next run: ${next}`,
  scheduleRemoved: (managers: readonly Manager[]): string =>
    managers.length === 0 ? 'there was no schedule' : `removed (${managers.join(', ')})`,
  scheduleThere: (manager: Manager, name: string): string => `${name}: installed (${manager})`,
  scheduleMissing: (manager: Manager): string =>
    `no schedule is installed (${manager}); \`mailkeep schedule install\` does`,
  scheduleStale: (): string =>
    '  the configuration or the program has changed since: give `mailkeep schedule install` again',
  scheduleNext: (time: string, delay: number): string =>
    `  next run: ${time}${delay === 0 ? '' : `, up to ${plural(delay, 'minute', 'minutes')} later`}`,
  scheduleLast: (time: string, verdict: string): string => `  last scheduled run: ${time}, ${verdict}`,
  scheduleNeverRan: (): string => '  last scheduled run: none yet',
  scheduleVerdict: (verdict: 'good' | 'attention' | 'failed'): string =>
    ({ good: 'good', attention: 'needs attention (mailkeep report)', failed: 'FAILED (mailkeep report)' })[verdict],
  scheduleFromCache: (): string =>
    'this program lies in a cache of npx, which may be emptied; install it with npm install --global mailkeep first',
  cronMissesNights: (): string =>
    'cron does not make up for nights when this machine was off; `mailkeep status --max-age 26h` or a ping tells of them.',
  cronHasNoDelay: (): string => 'cron knows no random delay, so randomDelay is left out.',
  systemdIsOff: (): string => 'systemd does not run here; the timer begins when this machine starts with it.',
  userNeedsLinger: (user: string): string =>
    `A timer of a user runs while they are logged in, unless: loginctl enable-linger ${user}`,
};
