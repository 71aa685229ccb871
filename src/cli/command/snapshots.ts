import { InvalidArgumentError } from 'commander';
import { displayText } from '../../model/byte-string.ts';
import { formatBytes } from '../../model/size.ts';
import {
  type GroupField,
  groupSnapshots,
  newestOfEach,
  selectSnapshots,
  type SnapshotGroup,
  type SnapshotGroupKey,
} from '../../model/snapshot-selection.ts';
import { terminalLine } from '../../mail/terminal-text.ts';
import type { SnapshotFile } from '../../store/restic/format/snapshot-format.ts';
import { goJsonText, goJsonTextOfBytes } from '../../store/restic/format/go-quote.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { readRepository } from '../read-repository.ts';
import { localTime } from '../render/local-time.ts';
import { snapshotJson } from '../render/snapshot-json.ts';
import { tableLines } from '../render/table.ts';
import { addFilterOptions, filterOf, type FilterOptions } from '../snapshot-options.ts';

interface SnapshotsOptions extends GlobalOptions, FilterOptions {
  readonly latest?: number;
  readonly groupBy: ReadonlySet<GroupField>;
  readonly compact: boolean;
}

const parseCount = (text: string): number => {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a number from 1 on.');
  return Number(text);
};

const groupFields: Readonly<Record<string, GroupField>> = {
  host: 'host',
  hosts: 'host',
  path: 'paths',
  paths: 'paths',
  tag: 'tags',
  tags: 'tags',
};

export const parseGroupBy = (text: string): ReadonlySet<GroupField> => {
  const fields = text.split(',').filter((name) => name !== '');
  return new Set(
    fields.map((name) => {
      const field = groupFields[name];
      if (field === undefined)
        throw new InvalidArgumentError('It must be host, paths or tags, or several with commas.');
      return field;
    }),
  );
};

export const snapshotsCommand: DefineCommand = (execute) =>
  addFilterOptions(newCommand('snapshots', 'list the snapshots'))
    .argument('[ids...]', 'only these: beginnings of ids, latest, latest~1')
    .option('--latest <n>', 'only the newest n of each host and set of paths', parseCount)
    .option('-g, --group-by <fields>', 'group by host, paths, tags (with commas)', parseGroupBy, new Set<GroupField>())
    .option('-c, --compact', 'no paths', false)
    .addHelpText(
      'after',
      examples([
        'mailkeep snapshots                        all, oldest first',
        'mailkeep snapshots --latest 1             the newest of each host and set of paths',
        'mailkeep snapshots --host mx1 --tag nightly --json',
      ]),
    )
    .action((ids: readonly string[], options: SnapshotsOptions) =>
      execute(options, (context) => listSnapshots(ids, options, context)),
    );

const listSnapshots = (ids: readonly string[], options: SnapshotsOptions, context: CommandContext): Promise<number> =>
  readRepository(context, async (repository, run) => {
    const selected = selectSnapshots(await repository.snapshots(run), ids, filterOf(options, context));
    const { latest, groupBy } = options;
    const grouped = groupBy.size > 0;
    const kept = latest === undefined || grouped ? selected : newestOfEach(selected, latest);
    const groups = groupSnapshots(kept, groupBy).map(({ key, snapshots }) => ({
      key,
      snapshots: latest === undefined ? snapshots : grouped ? snapshots.slice(-latest) : snapshots,
    }));
    if (options.json) context.output.print(grouped ? groupsJson(groups) : listJson(kept));
    else printGroups(groups, options, context);
  });

const listJson = (snapshots: readonly SnapshotFile[]): string =>
  `[${snapshots.map((snapshot) => snapshotJson(snapshot)).join(',')}]`;

const groupsJson = (groups: readonly SnapshotGroup<SnapshotFile>[]): string => {
  const list = (texts: readonly string[] | undefined): string =>
    texts === undefined ? 'null' : `[${texts.map((text) => `"${text}"`).join(',')}]`;
  const keyJson = ({ hostname, paths, tags }: SnapshotGroupKey): string =>
    `{"hostname":"${goJsonText(hostname ?? '')}","paths":${list(paths?.map(goJsonTextOfBytes))},"tags":${list(tags?.map(goJsonText))}}`;
  const objects = groups.map(
    ({ key, snapshots }) => `{"group_key":${keyJson(key)},"snapshots":${listJson(snapshots)}}`,
  );
  return `[${objects.join(',')}]`;
};

const printGroups = (
  groups: readonly SnapshotGroup<SnapshotFile>[],
  options: SnapshotsOptions,
  { output, messages }: CommandContext,
): void => {
  for (const { key, snapshots } of groups) {
    if (options.groupBy.size > 0) {
      const { hostname, paths, tags } = key;
      output.print(messages.snapshotGroup(hostname, tags?.join(', '), paths?.map(displayText).join(', ')));
    }
    for (const line of snapshotTable(snapshots, options.compact, messages.snapshotColumns())) output.print(line);
    output.print('');
  }
  const count = groups.reduce((sum, { snapshots }) => sum + snapshots.length, 0);
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  output.print(messages.snapshotCount(count, zone));
};

interface Columns {
  readonly id: string;
  readonly time: string;
  readonly host: string;
  readonly tags: string;
  readonly paths: string;
  readonly size: string;
}

const snapshotTable = (snapshots: readonly SnapshotFile[], compact: boolean, columns: Columns): readonly string[] => {
  const rows = snapshots.map(({ id, time, hostname, tags, paths, summary }) => [
    [id.slice(0, 8)],
    [localTime(time.nanoseconds)],
    [terminalLine(hostname)],
    [tags.map(terminalLine).join(',')],
    ...(compact ? [] : [paths.map(displayText)]),
    [summary === undefined ? '' : formatBytes(summary.totalBytesProcessed)],
  ]);
  const { id, time, host, tags, paths, size } = columns;
  const header = [id, time, host, tags, ...(compact ? [] : [paths]), size];
  return tableLines(header, rows, new Set([header.length - 1]));
};
