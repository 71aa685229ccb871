import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { asFault, Fault } from '../../model/fault.ts';
import { type KnownRun, type RunRecord, runsOf } from '../../model/run-record.ts';
import { findConfig } from '../../config/find-config.ts';
import { prometheusText } from '../../operation/metrics/prometheus.ts';
import type { Config } from '../../registry.ts';
import { writeDurably } from '../../system/durable-file.ts';
import { errnoCode, errnoFault } from '../../system/errno.ts';
import { usableConfiguration } from '../configuration.ts';
import type { CommandContext } from '../context.ts';
import { withKnownHistory } from './known-history.ts';
import type { AfterRun } from './run-step.ts';

/** Runs that metrics and the share of good runs are made from; 90 days of hourly ones. */
const lookedAt = 2500;

/** Those of this configuration, newest first. */
export const recentRuns = async (context: CommandContext): Promise<readonly KnownRun[]> => {
  const runs = (await withKnownHistory(context, (history) => history.runs({ last: lookedAt }))) ?? [];
  return runsOf(runs, await findConfig(context.options.config, context.environment));
};

/** History is a cache: where the run could not be written into it, or nothing be read, its own record is still at hand. */
const withRecord = async (record: RunRecord, context: CommandContext): Promise<readonly KnownRun[]> => {
  const own: KnownRun = { kind: 'finished', record };
  try {
    const known = await recentRuns(context);
    return [own, ...known.filter((one) => (one.kind === 'finished' ? one.record : one.start).id !== record.id)];
  } catch (error) {
    context.run.emit({ kind: 'notice', message: asFault(error).message });
    return [own];
  }
};

export interface MetricsParts {
  readonly runs: readonly KnownRun[];
  readonly lastGood?: ReadonlyMap<string, number | undefined>;
}

/** The metrics of what is configured now. */
export const metricsText = (
  { accounts, repositories, servers }: Pick<Config, 'accounts' | 'repositories' | 'servers'>,
  parts: MetricsParts,
  { run }: CommandContext,
): string =>
  prometheusText({
    ...parts,
    isKnownJob: (name) => Object.hasOwn(servers, name) || Object.hasOwn(accounts, name.split('/', 1)[0] ?? ''),
    isKnownRepository: (name) => Object.keys(repositories).length === 0 || Object.hasOwn(repositories, name),
    now: Number(run.now() / 1_000_000n),
  });

/** It belongs to whoever collects: one that we made would be closed to them (0700), and a misspelt one never be read. */
export const requireFolder = async (folder: string): Promise<void> => {
  try {
    await access(folder);
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') throw errnoFault(error, 'write metrics in', folder);
    throw new Fault('configuration', `the folder ${folder} for metrics is not there`, {
      hint: 'Make it, so that the collector may read it, or look at the file of metrics in the configuration.',
      context: { path: folder },
    });
  }
};

/** `metrics: {file: …}`: a text file for node_exporter, whole or not at all. Everybody may read it. */
export const writeMetrics: AfterRun = async ({ record }, context) => {
  const loaded = await usableConfiguration(context);
  const file = loaded?.config.metrics?.file;
  if (loaded === undefined || file === undefined) return;
  await requireFolder(dirname(file));
  await writeDurably(file, metricsText(loaded.config, { runs: await withRecord(record, context) }, context), 0o644);
};
