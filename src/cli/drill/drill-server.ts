import { resolve } from 'node:path';
import { findConfig } from '../../config/find-config.ts';
import { readSecret } from '../../config/read-secret.ts';
import { drillVerdict, type DrillPoint, type DrillRecord } from '../../model/drill/drill-record.ts';
import type { SampleWish } from '../../model/drill/sample.ts';
import { runsOf } from '../../model/run-record.ts';
import type { DrillWish } from '../../operation/drill/drill-parts.ts';
import { runDrill } from '../../operation/drill/run-drill.ts';
import type { CommandContext } from '../context.ts';
import { type OpenedServer, withServerBackup } from '../restore/open-server-backup.ts';
import type { ServerEntry } from '../server/server-job.ts';
import type { RunTally } from '../run/recorded-run.ts';
import { drillParts } from './drill-parts.ts';
import { showDrill } from './show-drill.ts';
import { makeScratchPlace, requirePassable } from './scratch-place.ts';

export interface DrillRequest {
  readonly server: string | undefined;
  readonly from: string;
  readonly sample?: SampleWish;
  readonly html?: string;
  readonly quiet: boolean;
}

/** On a disk, not in memory: a mailbox may be larger than that. */
const usualBase = '/var/tmp';
const lookedAt = 2500;
const rememberedDrills = 8;

/** Earlier drills of a server by the same configuration, newest first. */
const earlierDrills = async (
  server: string,
  { ask }: RunTally,
  { options, environment }: CommandContext,
): Promise<readonly { readonly time: number; readonly drill: DrillRecord }[]> => {
  const configuration = await findConfig(options.config, environment);
  const runs = runsOf(ask((history) => history.runs({ last: lookedAt })) ?? [], configuration);
  return runs.flatMap((known) => {
    if (known.kind !== 'finished' || known.record.drill?.server !== server) return [];
    return [{ time: known.record.started, drill: known.record.drill }];
  });
};

const pointOf = ({ time, drill }: { readonly time: number; readonly drill: DrillRecord }): DrillPoint => ({
  time,
  verdict: drillVerdict(drill),
  recovery: drill.recovery,
  dataAge: drill.dataAge,
  messages: drill.wholeMessages,
});

type DrillSetting = NonNullable<ServerEntry['drill']>;

/** Faults of `readSecret`. */
const passwordsOf = async (
  setting: DrillSetting | undefined,
  { run }: CommandContext,
): Promise<ReadonlyMap<string, string>> => {
  const logins = new Map<string, string>();
  for (const [address, source] of Object.entries(setting?.logins ?? {})) {
    logins.set(address.toLowerCase(), (await readSecret(source, run)).reveal());
  }
  return logins;
};

const wishOf = async (
  { sample }: DrillRequest,
  setting: DrillSetting | undefined,
  context: CommandContext,
): Promise<DrillWish> => ({
  sample: sample ?? setting?.sample ?? { kind: 'all' },
  // Another sample every day.
  salt: String(context.run.now() / 86_400_000_000_000n),
  logins: await passwordsOf(setting, context),
  accountsQuery: setting?.accounts,
  scheme: setting?.scheme ?? 'CRYPT',
});

const drillOpened = async (
  opened: OpenedServer,
  request: DrillRequest,
  tally: RunTally,
  context: CommandContext,
): Promise<DrillRecord> => {
  const earlier = await earlierDrills(opened.name, tally, context);
  // Against one that failed, what was missing there would be right.
  const before = earlier.find(({ drill }) => drillVerdict(drill) === 'passed')?.drill;
  const trend = earlier.slice(0, rememberedDrills).map(pointOf);
  const setting = opened.job?.entry.drill;
  const wish = await wishOf(request, setting, context);
  const containers = setting?.containers ?? { use: 'missing', images: {} };
  const base = setting?.folder ?? usualBase;
  // Whoever is no superuser starts all servers as themselves.
  const isAsOthers = process.geteuid?.() === 0 && opened.backup.components.some(({ name }) => name === 'mail');
  if (isAsOthers) await requirePassable(base);
  const place = await makeScratchPlace(base, context);
  try {
    const parts = await drillParts({ opened, place, wish, containers, before, trend }, context);
    try {
      return await runDrill(parts, context.run);
    } finally {
      await parts.close();
    }
  } finally {
    await place.remove();
  }
};

/** Does a drill, and shows what it found. Faults: those of opening the backup, `interrupted`, `disk-full`. */
export const drillServer = async (request: DrillRequest, tally: RunTally, context: CommandContext): Promise<void> => {
  const { from, server, html } = request;
  const began = Number(context.run.now() / 1_000_000n);
  const drill = await withServerBackup(
    { from, server },
    (opened) => drillOpened(opened, request, tally, context),
    context,
  );
  tally.drill = drill;
  context.output.update(undefined);
  await showDrill({ id: tally.id, drill, began, html: html === undefined ? undefined : resolve(html) }, context);
};
