import type { Run } from '../../contract/run.ts';
import type { Services } from '../../contract/services.ts';
import type { FoundService } from '../../model/service-plan.ts';
import { askCommand, mustSucceed, type Variables } from './command.ts';

/** What systemd says of a unit. */
export interface ShownUnit {
  /** Systemd has a file of it. */
  readonly isThere: boolean;
  readonly isActive: boolean;
  /** Started when the machine starts. */
  readonly isEnabled: boolean;
  /** Sockets, timers and paths that start it. */
  readonly triggeredBy: readonly string[];
}

const properties = ['LoadState', 'ActiveState', 'UnitFileState', 'TriggeredBy'];

/** What `systemctl show` answers: a block of lines `NAME=VALUE` for each unit, in the order of the question. */
export const shownUnits = (answer: string): readonly ShownUnit[] =>
  answer
    .split('\n\n')
    .filter((block) => block.trim() !== '')
    .map((block) => {
      const values = new Map(block.split('\n').map((line) => [line.replace(/=.*/, ''), line.replace(/^[^=]*=/, '')]));
      const valueOf = (name: string): string => values.get(name) ?? '';
      return {
        isThere: valueOf('LoadState') === 'loaded',
        isActive: /^(?:active|activating|reloading|refreshing)$/.test(valueOf('ActiveState')),
        isEnabled: valueOf('UnitFileState').startsWith('enabled'),
        triggeredBy: valueOf('TriggeredBy').split(' ').filter(Boolean),
      };
    });

const databaseUnit = /^(?:mariadb|mysqld?|postgresql)\b/;

const foundUnit = (name: string, unit: ShownUnit | undefined): FoundService => ({
  name,
  state: unit?.isActive === true ? 'running' : 'stopped',
  isDatabase: databaseUnit.test(name),
});

const otherKind = /\.(?:socket|timer|path|target|mount|automount|swap|slice|scope|device)$/;

/** What may start a service by the name of it, also while systemd has not read it. */
const usualTriggers = (unit: string): readonly string[] =>
  otherKind.test(unit) ? [] : ['socket', 'timer', 'path'].map((kind) => `${unit.replace(/\.service$/, '')}.${kind}`);

/**
 * Units of systemd, and what starts them when something happens: as long as a socket listens, a stopped service comes back with the
 * next connection. Triggers that neither listen nor are wanted are left alone.
 */
export const systemdServices = (units: readonly string[], variables: Variables): Services => {
  const show = async (names: readonly string[], run: Run): Promise<readonly ShownUnit[]> => {
    if (names.length === 0) return [];
    // It succeeds also for units that are not there; when it fails nobody knows what runs.
    const question = ['systemctl', 'show', ...properties.map((name) => `--property=${name}`), '--', ...names];
    return shownUnits((await mustSucceed(question, variables, run)).stdout);
  };
  /** Those that count, also when they have been stopped since. */
  const triggers = new Set<string>();
  return {
    description: `units of systemd: ${units.join(', ')}`,
    list: async (run, left = []) => {
      const shown = await show(units, run);
      const named = [...shown.flatMap(({ triggeredBy }) => triggeredBy), ...units.flatMap(usualTriggers)];
      const leftTriggers = left.filter((name) => otherKind.test(name));
      const asked = [...new Set([...triggers, ...named, ...leftTriggers])].filter((name) => !units.includes(name));
      const answers = await show(asked, run);
      for (const [at, name] of asked.entries()) {
        const { isActive = false, isEnabled = false, isThere = false } = answers[at] ?? {};
        // One that listened before a restore that was killed does so no more, and nobody else knows of it.
        if (isActive || isEnabled || (isThere && left.includes(name))) triggers.add(name);
      }
      return [
        // A socket refuses to start when its service runs already.
        ...asked.flatMap((name, at) => (triggers.has(name) ? [foundUnit(name, answers[at])] : [])),
        ...units.map((name, at) => foundUnit(name, shown[at])),
      ];
    },
    stop: async (names, run) => void (await mustSucceed(['systemctl', 'stop', '--', ...names], variables, run)),
    start: async (names, run) => {
      // What came back may be the file of a unit. It has its old time, by which systemd does not see that it has changed.
      await askCommand(['systemctl', 'daemon-reload'], variables, run);
      await mustSucceed(['systemctl', 'start', '--', ...names], variables, run);
    },
  };
};
