import { z } from 'zod';
import { exactlyOne, pathSetting, type ResolvePath } from '../contract/setting.ts';
import { Fault } from '../model/fault.ts';
import { splitCommand } from '../model/split-command.ts';

const unitName = z.string().regex(/^(?!-)[\w.@:\\-]{1,255}$/, { error: 'is no name of a unit of systemd' });
const serviceName = z.string().regex(/^[A-Za-z0-9][\w.-]*$/, { error: 'is no name of a service' });

const commandSetting = z.string().superRefine((command, context) => {
  try {
    if (splitCommand(command).length > 0) return;
    context.addIssue({ code: 'custom', message: 'is empty' });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
  }
});

/** `stop:` of a server: what a restore stops before it writes, and starts again afterwards. */
export const stopSetting = (resolve: ResolvePath) =>
  exactlyOne({
    compose: z
      .strictObject({
        file: pathSetting(resolve).meta({
          description: 'The compose file.',
          sample: '/opt/mailserver/docker-compose.yml',
        }),
        services: z
          .array(serviceName)
          .min(1)
          .optional()
          .meta({ description: 'Only these of its services. Without it, all.', sample: ['postfix', 'dovecot'] }),
      })
      .meta({ description: 'Services of a compose file.' }),
    systemd: z
      .array(unitName)
      .min(1)
      .meta({ description: 'Units of systemd.', sample: ['postfix', 'dovecot'] }),
    commands: z
      .strictObject({
        stop: commandSetting.meta({ description: 'Stops them.', sample: '/usr/local/sbin/mailserver stop' }),
        start: commandSetting.meta({ description: 'Starts them.', sample: '/usr/local/sbin/mailserver start' }),
      })
      .meta({ description: 'Two commands. Quotes are understood; there is no shell. No secret may stand in them.' }),
  }).meta({
    description: 'What a restore stops before it writes and starts afterwards, as it was: docs/server-restore.md.',
    sample: { compose: { file: '/opt/mailserver/docker-compose.yml' } },
  });

export type StopSetting = z.output<ReturnType<typeof stopSetting>>;

/** As a backup keeps it: in the words of the configuration. */
export const recordedStop = ({ kind, value }: StopSetting): Readonly<Record<string, unknown>> => ({ [kind]: value });

/** Fault `unsupported` for what a later version has written. */
export const stopOfRecord = (record: Readonly<Record<string, unknown>>): StopSetting => {
  const { success, data } = stopSetting((path) => path).safeParse(record);
  if (success) return data;
  throw new Fault('unsupported', 'which services this backup wants stopped cannot be understood by this version', {
    hint: 'Stop them by hand, and restore with --no-services.',
  });
};
