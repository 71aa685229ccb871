import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { parseSample, sampleText, type SampleWish } from '../../model/drill/sample.ts';
import type { GlobalOptions } from '../context.ts';
import { examples, newCommand, parseWait, type DefineCommand } from '../define-command.ts';
import { drillServer } from '../drill/drill-server.ts';
import { drillWithKit } from '../drill/drill-with-kit.ts';
import { recordedRun } from '../run/recorded-run.ts';
import { type RunStartOptions, scheduledContext, waitOf } from '../run/run-options.ts';

export interface DrillOptions extends GlobalOptions, RunStartOptions {
  readonly from: string;
  readonly sample?: SampleWish;
  readonly html?: string;
  readonly kit?: string;
}

const sampleOption = (text: string): SampleWish => {
  const sample = parseSample(text);
  if (sample === undefined) throw new InvalidArgumentError('It must be a share such as 5%, or a number of messages.');
  return sample;
};

export const drillCommand: DefineCommand = (execute) =>
  newCommand('drill', 'bring a server back where nobody sees it, and tell whether it would work')
    .argument('[server]', 'its name in the configuration, where there are several')
    .option(
      '--from <backup>',
      'latest, a date, weekly/2025-week-45, the path of a backup folder, or repository:SNAPSHOT',
      'latest',
    )
    .option('--sample <amount>', 'restore only a share of the messages (5%), or so many (2000)', sampleOption)
    .option('--html <file>', 'write the report as a page, too')
    .option('--kit <file>', 'use nothing but this recovery kit: its program, its configuration, its passwords')
    .option(
      '--wait <time>',
      'how long to wait for a drill that is under way, e.g. 30m (default: not at all)',
      parseWait,
    )
    .option('--scheduled', 'started by a timer: waits up to 3h for another drill, and for locks', false)
    .addHelpText(
      'after',
      examples([
        'mailkeep drill                                          the newest good backup, all of it',
        'mailkeep drill mailserver --sample 5%                   of a large server a share of the messages',
        'mailkeep drill --from repository --html drill.html      out of the repository; the report as a page, too',
        'mailkeep drill --from /mnt/backup-hdd/mailserver/latest on another machine, without any configuration',
        'mailkeep drill --kit /media/stick/kit.sh                does the kit do when all else is gone?',
        'mailkeep drill --json                                   the report for programs',
      ]),
    )
    .action((server: string | undefined, options: DrillOptions) =>
      execute(options, (context) =>
        recordedRun(
          { command: 'drill', trigger: options.scheduled ? 'schedule' : 'person', wait: waitOf(options) },
          (tally, listening) => {
            const { kit } = options;
            if (kit === undefined) return drillServer({ ...options, server }, tally, listening);
            return drillWithKit({ kit, parameters: parametersOf(server, options) }, tally, listening);
          },
          scheduledContext(options, context),
        ),
      ),
    );

/** The same drill, as the program of a kit is asked for it. */
const parametersOf = (
  server: string | undefined,
  { from, sample, html, json, quiet, repo }: DrillOptions,
): readonly string[] => [
  'drill',
  ...(server === undefined ? [] : [server]),
  '--from',
  from,
  ...(sample === undefined || sample.kind === 'all' ? [] : ['--sample', sampleText(sample)]),
  ...(html === undefined ? [] : ['--html', resolve(html)]),
  ...(repo === undefined ? [] : ['--repo', repo]),
  ...(json ? ['--json'] : []),
  ...(quiet ? ['--quiet'] : []),
];
