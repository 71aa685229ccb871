import type { Run } from '../../contract/run.ts';
import type { Base, CapturedDirectory, Source } from '../../contract/source.ts';
import { type ByteString, byteStringOfLatin1, byteStringOfText, displayText } from '../../model/byte-string.ts';
import { Fault } from '../../model/fault.ts';
import type { Posix } from '../../system/posix.ts';
import { type CaptureContext, childFile, type EntryFilter, type MaildirOptions } from './capture-context.ts';
import { type CountAhead, type CountOptions, startCount } from './count-ahead.ts';
import { createMetadataReader, type MetadataReader } from './local-metadata.ts';
import { hashLocalFiles } from './hash-local-files.ts';
import { readLocalFiles } from './read-local-files.ts';
import { createRelocator } from './relocate.ts';
import { namePaths, type PathNode, planPaths } from './path-tree.ts';
import { createScannedPlaces, type ScannedPlaces } from './scanned-places.ts';
import { givenFiles, watchCapture } from './watched-capture.ts';
import { missingPath, type Place, walk } from './walk.ts';

const noName = byteStringOfLatin1('');

export interface FilesSourceOptions {
  /** Absolute, or relative to `workingDirectory`. Not empty; or places that lie at the root under names of their own. */
  readonly paths: readonly ByteString[] | ReadonlyMap<ByteString, ByteString>;
  /** Default: the process's own. */
  readonly workingDirectory?: ByteString;
  /** Default: everything. Never asked about the given paths themselves. */
  readonly filter?: EntryFilter;
  /** Do not enter other file systems than those of the given paths; the mount points are kept, empty. */
  readonly oneFileSystem?: boolean;
  /** Undefined: Maildirs are directories like any other, and every file of them is kept. */
  readonly maildir?: MaildirOptions;
  /** From `loadPosix`. Without it extended attributes are not kept, which is said once. */
  readonly posix: Posix | undefined;
  /** Keep access times instead of setting them to the mtime, as restic's `--with-atime`. */
  readonly accessTimes?: boolean;
  /** A given folder that is empty where the base has files is believed, instead of a failed read (`source-empty`). */
  readonly allowEmpty?: boolean;
  /** Count names while they are captured, so that `expected` has an answer. */
  readonly countsAhead?: boolean;
}

/**
 * Local files and Maildirs. Trees have restic's shape: absolute paths are nested from the root.
 *
 * Faults: `usage` for no paths or paths that do not fit together; `source-missing` when none of the paths is there. What
 * cannot be read inside is carried, with its fault; nothing that is only unreadable ever looks deleted.
 */
export const createFilesSource = (options: FilesSourceOptions): Source => {
  const { paths } = options;
  const given = [...paths.values()];
  if (given.length === 0) throw new Fault('usage', 'no path was given to capture');
  const workingDirectory = options.workingDirectory ?? byteStringOfText(process.cwd());
  const root = paths instanceof Map ? namePaths(paths) : planPaths(given, workingDirectory);
  const places = createScannedPlaces();
  const relocate = createRelocator(root, { maildir: options.maildir !== undefined, places });
  let ahead: CountAhead | undefined;
  return {
    description: given.map((path) => displayText(path)).join(', '),
    capture: (base, run) => {
      if (options.countsAhead === true) ahead = startCount(countOptions(options, root));
      const captured = captureFiles(options, { root, places }, { base, run });
      return ahead === undefined ? captured : countedBy(ahead, captured);
    },
    expected: () => ahead?.expected(),
    read: (requests, _pieces, run) => readLocalFiles(requests, run),
    digests: hashLocalFiles,
    relocate: (path, entry, run) => relocate({ path, entry, reader: readerFor(options, run) }, run),
    close: async () => ahead?.stop(),
  };
};

const countOptions = ({ filter, oneFileSystem, maildir }: FilesSourceOptions, root: PathNode): CountOptions => {
  const given = givenFiles(root);
  const isBelow = (file: ByteString, other: ByteString): boolean => file.startsWith(childFile(other, noName));
  return {
    given: given.filter((file) => !given.some((other) => other !== file && isBelow(file, other))),
    filter,
    oneFileSystem: oneFileSystem ?? false,
    withoutCaches: maildir !== undefined && maildir.caches !== 'keep',
  };
};

async function* countedBy(
  ahead: CountAhead,
  directories: AsyncIterable<CapturedDirectory>,
): AsyncGenerator<CapturedDirectory, void> {
  let captured = 0;
  for await (const directory of directories) {
    ahead.captured(++captured);
    yield directory;
  }
}

const readerFor = (options: FilesSourceOptions, run: Run): MetadataReader =>
  createMetadataReader({
    posix: options.posix,
    accessTimes: options.accessTimes ?? false,
    onFault: (fault, file) => run.emit({ kind: 'fault', fault, path: file }),
  });

async function* captureFiles(
  options: FilesSourceOptions,
  { root, places }: { readonly root: PathNode; readonly places: ScannedPlaces },
  { base, run }: { readonly base: Base | undefined; readonly run: Run },
): AsyncGenerator<CapturedDirectory, void> {
  const context: CaptureContext = {
    run,
    base,
    reader: readerFor(options, run),
    filter: options.filter,
    oneFileSystem: options.oneFileSystem ?? false,
    maildir: options.maildir,
    leftOut: { sockets: 0, mailCaches: 0 },
    places,
    allowEmpty: options.allowEmpty ?? false,
  };
  refuseWhenAllMissing(context, root);
  const stats = root.path === undefined ? undefined : context.reader.stats(root.path);
  if (root.path !== undefined && stats !== undefined) places.remember(root.path, stats);
  const place: Place = {
    path: [],
    file: root.path,
    metadata: undefined,
    node: root,
    device: context.oneFileSystem ? stats?.dev : undefined,
  };
  yield* watchCapture(context, root, walk(context, place));
  tellWhatIsNotKept(context);
}

const refuseWhenAllMissing = (context: CaptureContext, root: PathNode): void => {
  const paths = givenFiles(root);
  const isThere = (file: ByteString): boolean => {
    try {
      return context.reader.stats(file) !== undefined;
    } catch {
      // Why it cannot be looked at is told when it is captured.
      return true;
    }
  };
  const [first] = paths;
  if (first !== undefined && !paths.some(isThere)) throw missingPath(first);
};

const tellWhatIsNotKept = ({ run, reader, leftOut }: CaptureContext): void => {
  const tell = (count: number, [one, many]: readonly [string, string], fate: string): void => {
    if (count > 0) run.emit({ kind: 'notice', message: `${fate}: ${String(count)} ${count === 1 ? one : many}` });
  };
  tell(leftOut.sockets, ['socket', 'sockets'], 'Left out, since they mean nothing without the program that made them');
  tell(leftOut.mailCaches, ['file', 'files'], 'Left out of Maildirs, since the mail server makes them again by itself');
  tell(
    reader.withoutAttributes,
    ['entry', 'entries'],
    'Captured without extended attributes and ACLs, since the optional package koffi is not there',
  );
};
