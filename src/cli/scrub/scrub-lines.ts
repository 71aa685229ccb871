import type { BadFile, DiskScrub, MendedFile } from '../../contract/component.ts';
import { terminalLine } from '../../mail/terminal-text.ts';
import { displayText } from '../../model/byte-string.ts';
import { datedPlace } from '../../model/dated-name.ts';
import { formatBytes } from '../../model/size.ts';
import type { Messages } from '../catalogue/english.ts';
import { localTime } from '../render/local-time.ts';

const namesOf = ({ names }: BadFile): readonly string[] =>
  names.map(({ backup, path }) => `${datedPlace(backup)}/${displayText(path)}`);

/** Each bad file with every backup and path that has it. */
const badLines = (file: BadFile, messages: Messages): readonly string[] => {
  const [first = '', ...others] = namesOf(file).map(terminalLine);
  return [`  ${messages.scrubBad(first, file.kind)}`, ...others.map((name) => `    ${messages.scrubSame(name)}`)];
};

export const scrubLines = (
  server: string,
  { files, bytes, slices, bad, since, fromDisk }: DiskScrub,
  messages: Messages,
): readonly string[] => [
  messages.scrubRead(server, files, formatBytes(bytes), Math.round((100 * slices) / 256)),
  ...(fromDisk ? [] : [`  ${messages.scrubFromMemory()}`]),
  ...bad.flatMap((file) => badLines(file, messages)),
  since === undefined
    ? `  ${messages.scrubNotAllRead()}`
    : `  ${messages.scrubAllRead(localTime(BigInt(since) * 1_000_000n))}`,
];

export const mendLines = (files: readonly MendedFile[], messages: Messages): readonly string[] =>
  files.flatMap((file) => {
    const [first = '', ...others] = namesOf(file).map(terminalLine);
    const { outcome } = file;
    const line =
      outcome.kind === 'lost'
        ? messages.scrubLost(first, others.length)
        : messages.scrubMend(outcome.kind, first, others.length, outcome.from);
    return [`  ${line}`, ...(outcome.kind === 'lost' ? others.map((name) => `    ${messages.scrubSame(name)}`) : [])];
  });

export const scrubJson = (server: string, { files, bytes, slices, bad, since, fromDisk }: DiskScrub): string =>
  JSON.stringify({
    message_type: 'scrub',
    server,
    files_read: files,
    bytes_read: bytes,
    slices_read: slices,
    slices: 256,
    from_disk: fromDisk,
    all_read_since: since === undefined ? undefined : Math.round(since / 1000),
    bad: bad.map((file) => ({ sha256: file.sha256, kind: file.kind, names: namesOf(file) })),
  });

export const mendJson = (server: string, files: readonly MendedFile[]): readonly string[] =>
  files.map((file) =>
    JSON.stringify({
      message_type: 'mend',
      server,
      outcome: file.outcome.kind,
      from: file.outcome.kind === 'lost' ? undefined : file.outcome.from,
      sha256: file.sha256,
      names: namesOf(file),
    }),
  );
