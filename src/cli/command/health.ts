import { Fault } from '../../model/fault.ts';
import { needConfiguration } from '../configuration.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { asTold } from '../doctor/finding.ts';
import { exitCode } from '../exit-code.ts';
import { healthOfServer } from '../health/health-of-server.ts';
import { recentRuns } from '../run/write-metrics.ts';
import { serverNamed, serversNamed } from '../server/server-job.ts';

export const healthCommand: DefineCommand = (execute) =>
  newCommand('health', 'tell how servers and their disks are: SMART, file system, room, what was read again, alarms')
    .argument('[server]', 'a server of the configuration; all of them by default')
    .addHelpText(
      'after',
      examples([
        'mailkeep health                  everything that is known of the disks',
        'mailkeep health mailserver --json   a line of JSON for each finding',
      ]),
    )
    .action((name: string | undefined, options: GlobalOptions) =>
      execute(options, (context) => tellHealth(name, context)),
    );

const tellHealth = async (name: string | undefined, context: CommandContext): Promise<number> => {
  const loaded = await needConfiguration(context);
  const servers = name === undefined ? serversNamed(loaded, undefined) : [serverNamed(loaded, name)];
  if (servers.length === 0) throw new Fault('usage', context.messages.healthNoServer());
  const runs = await recentRuns(context);
  let isWell = true;
  for (const server of servers) {
    await healthOfServer(server, runs, context, (finding) => {
      isWell &&= finding.state !== 'failed';
      asTold(finding, context);
    });
  }
  return isWell ? exitCode.good : exitCode.incomplete;
};
