import { interrupted } from '../../contract/run.ts';
import type { KnownRun } from '../../model/run-record.ts';
import type { CommandContext } from '../context.ts';
import type { RunTally } from '../run/recorded-run.ts';
import { captureServer, type ServerWish } from './capture-server.ts';
import type { ServerJob } from './server-job.ts';
import { serverJson, serverLines } from './server-lines.ts';

export interface ServersWish extends Omit<ServerWish, 'lastGoodBefore' | 'runsBefore'> {
  readonly lastGoodBefore: (name: string) => number | undefined;
  readonly runsBefore: (name: string) => readonly KnownRun[];
}

/** The nights of servers, one after another: one that fails stops no other. Fault `interrupted`. */
export const captureServers = async (
  servers: readonly ServerJob[],
  wish: ServersWish,
  { tally, context }: { readonly tally: Pick<RunTally, 'jobs'>; readonly context: CommandContext },
): Promise<void> => {
  const { run, output, options, messages } = context;
  for (const server of servers) {
    const { name } = server;
    const known = { lastGoodBefore: wish.lastGoodBefore(name), runsBefore: wish.runsBefore(name) };
    const record = await captureServer(server, { ...wish, ...known }, context);
    tally.jobs.push(record);
    output.update(undefined);
    const isCalm = record.outcome.kind === 'good' && (record.server?.warnings.length ?? 0) === 0;
    if (options.json) output.print(serverJson(record));
    else if (!options.quiet || !isCalm) for (const line of serverLines(record, messages)) output.print(line);
    if (run.signal.aborted) throw interrupted(run.signal.reason);
  }
};
