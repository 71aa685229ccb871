import type { Run } from '../../contract/run.ts';
import type { Base, BaseDirectory } from '../../contract/source.ts';
import type { ByteString } from '../../model/byte-string.ts';
import type { Metadata, Path } from '../../model/entry.ts';
import type { CaptureContext, MaildirOptions } from '../files/capture-context.ts';
import { seventhOf } from './folder-layout.ts';
import { lookAtMessages, parseLook } from './message-look.ts';
import type { Scan } from './settled-scan.ts';

/** `cur` or `new` as it is now. */
export interface PartNow {
  readonly path: Path;
  readonly file: ByteString;
  readonly metadata: Metadata;
}

/** How much older than the base's scan a directory must be: until then a change may have kept the same mtime. */
const certainAge = 2_000_000_000n;

/**
 * The base's directory when it is the very one that is there, by all that can be told without reading it, and the store can
 * take it over.
 */
export const baseOfPart = async (
  { base, run }: CaptureContext,
  maildir: MaildirOptions,
  { path, metadata }: PartNow,
): Promise<BaseDirectory | undefined> => {
  if (base === undefined || !maildir.skipUnchangedFolders || maildir.rescan) return undefined;
  const before = await base.directory(path, run);
  return before !== undefined && isUntouched(before.metadata, metadata) && (await canBeTaken(before, run))
    ? before
    : undefined;
};

const isUntouched = (before: Metadata | undefined, now: Metadata): boolean =>
  before?.deviceId === now.deviceId &&
  before.inode === now.inode &&
  before.mtime === now.mtime &&
  before.ctime === now.ctime;

const canBeTaken = async (before: BaseDirectory, run: Run): Promise<boolean> =>
  // A directory in there can change without a trace in this one.
  before.settled && (await before.counts(run)).directories === 0 && (await before.held(run));

/** Whether its messages need not be looked at: none came, went or was renamed since, and it is not the folder's night. */
export const mayStayUnseen = (base: Base, maildir: MaildirOptions, { path, metadata }: PartNow): boolean =>
  seventhOf(path.slice(0, -1)) !== maildir.seventh && metadata.mtime <= base.scannedAt - certainAge;

/** Whether each of its messages is what it was when the base's listing was made. False also when that cannot be told. */
export const looksTheSame = async (
  context: CaptureContext,
  before: BaseDirectory,
  { file, scan }: { readonly file: ByteString; readonly scan: Scan },
): Promise<boolean> => {
  if (before.look === undefined) return false;
  const { digest, hasAttributes } = parseLook(before.look);
  // What could not be read of the attributes then may be read now.
  if (!hasAttributes && context.reader.readsAttributes) return false;
  return (await lookAtMessages(context, file, scan)) === digest;
};
