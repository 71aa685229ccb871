import type { DrillRecord } from '../../model/drill/drill-record.ts';
import { drillVerdict } from '../../model/drill/drill-record.ts';
import { drawReport } from '../../operation/report/drawing.ts';
import { reportHtml } from '../../operation/report/html.ts';
import { createReport } from '../../operation/report/report.ts';
import { reportText } from '../../operation/report/text.ts';
import { writeDurably } from '../../system/durable-file.ts';
import { processIdentity } from '../../system/identity.ts';
import { openConfiguration } from '../configuration.ts';
import type { CommandContext } from '../context.ts';
import { programVersion } from '../version.ts';

export interface ShownDrill {
  /** Of the run. */
  readonly id: string;
  readonly drill: DrillRecord;
  /** Milliseconds since 1970. */
  readonly began: number;
  /** A file for the page. */
  readonly html: string | undefined;
}

/** As text or JSON, and as a page where that is wanted. */
export const showDrill = async ({ id, drill, began, html }: ShownDrill, context: CommandContext): Promise<void> => {
  const { output, options, messages, environment, run } = context;
  const ended = Number(run.now() / 1_000_000n);
  const isGood = drillVerdict(drill) === 'passed';
  const report = createReport({
    runs: [
      {
        version: 1,
        id,
        command: 'drill',
        trigger: 'person',
        program: `mailkeep ${await programVersion()}`,
        machine: environment.host ?? processIdentity().hostname,
        started: began,
        ended,
        exitCode: isGood ? 0 : 1,
        jobs: [],
        repositories: [],
        drill,
        faults: [],
        notices: [],
      },
    ],
    earlier: [],
  });
  const timeZone = (await openConfiguration(context).catch(() => undefined))?.config.timeZone;
  const drawn = drawReport(report, { words: messages, timeZone });
  if (html !== undefined) await writeDurably(html, reportHtml(drawn));
  if (options.json) {
    const verdict = drillVerdict(drill);
    output.print(JSON.stringify({ message_type: 'drill', verdict, headline: drawn.headline, ...drill }));
    return;
  }
  if (options.quiet && isGood) return;
  output.print(reportText(drawn).trimEnd());
  if (html !== undefined) output.say(messages.drillWritten(html));
};
