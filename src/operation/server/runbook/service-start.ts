import { z } from 'zod';
import { splitCommand } from '../../../model/split-command.ts';
import type { ServiceStart } from './runbook-facts.ts';

const recordFormat = z.union([
  z.object({ compose: z.object({ file: z.string() }) }),
  z.object({ systemd: z.array(z.string()) }),
  z.object({ commands: z.object({ start: z.string() }) }),
]);

/** How a restore starts the services, as the backup says it (`stop:` of the configuration); undefined where it does not. */
export const serviceStartOf = (recorded: Readonly<Record<string, unknown>> | undefined): ServiceStart | undefined => {
  const { success, data } = recordFormat.safeParse(recorded);
  if (!success) return undefined;
  if ('compose' in data) return { kind: 'compose', file: data.compose.file };
  if ('systemd' in data) return { kind: 'systemd', units: data.systemd };
  try {
    return { kind: 'command', words: splitCommand(data.commands.start) };
  } catch {
    // A quote without its end: nothing that could be typed.
    return undefined;
  }
};
