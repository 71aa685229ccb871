import type { Services } from '../../contract/services.ts';
import type { FoundService } from '../../model/service-plan.ts';
import { askCommand, mustSucceed, type Variables } from './command.ts';

const databaseUnit = /^(?:mariadb|mysqld?|postgresql)\b/;

/** What `systemctl is-active` answers, a line for each unit in the order of the question. */
export const statesOf = (units: readonly string[], answer: string): readonly FoundService[] => {
  const lines = answer.split('\n').map((line) => line.trim());
  return units.map((name, at) => ({
    name,
    state: /^(?:active|activating|reloading|refreshing)$/.test(lines[at] ?? '') ? 'running' : 'stopped',
    isDatabase: databaseUnit.test(name),
  }));
};

/** Units of systemd. */
export const systemdServices = (units: readonly string[], variables: Variables): Services => ({
  description: `units of systemd: ${units.join(', ')}`,
  list: async (run) => {
    // It ends with 3 when one of them is not active.
    const { stdout } = await askCommand(['systemctl', 'is-active', '--', ...units], variables, run);
    return statesOf(units, stdout);
  },
  stop: async (names, run) => void (await mustSucceed(['systemctl', 'stop', '--', ...names], variables, run)),
  start: async (names, run) => void (await mustSucceed(['systemctl', 'start', '--', ...names], variables, run)),
});
