import type { Run } from '../../../contract/run.ts';
import type { BrakeReason } from '../../../model/damage-brake.ts';
import type { AlarmNight } from './alarm-night.ts';

const kindsOf = (reasons: readonly BrakeReason[]): string => [...new Set(reasons.map(({ kind }) => kind))].join(', ');

/** Into the log. */
export const tellAlarms = ({ reasons, confirmed }: AlarmNight, run: Run): void => {
  const log = (level: 'ERROR' | 'WARNING', message: string): void =>
    run.emit({ kind: 'log', level, component: 'ALARM', message });
  if (reasons.length > 0) log('ERROR', `the brake holds, nothing leaves: ${kindsOf(reasons)}`);
  if (confirmed.length > 0) log('WARNING', `confirmed by a person: ${kindsOf(confirmed)}`);
};
