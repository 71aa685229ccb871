import { closeSync, openSync, readSync } from 'node:fs';
import { byteStringOfLatin1, type ByteString } from '../../../model/byte-string.ts';
import { formatChecksumLine } from '../../../model/checksum-line.ts';
import { errnoCode } from '../../../system/errno.ts';
import type { NameLinker } from '../../../system/link-names.ts';
import { fieldOfLine, formatEntryLine, isDirectoryLine, nameOfLine, parseEntryLine } from '../manifest/entry-line.ts';
import { packLines, unpackLines } from '../manifest/frame.ts';
import { ReadingFailed, Stopped } from '../../../system/hash-file.ts';
import { type Exception, type PageContent, type PageJob, type PageReply, type Placing, placing } from './page-job.ts';
import { cloneFile, copyLocalFile, isLinked, linkFile, makeSymlink, type PlacingTools } from './place-file.ts';
import { systemFailure } from './system-failure.ts';

/** The folder of the base and that of the page, held open from the first link between them on. */
interface FolderPair {
  /** Undefined where each link is to be made by its paths. */
  linker(): NameLinker | undefined;
  close(): void;
}

const createFolderPair = ({ base, target }: PageJob, { tools }: PlacerOptions): FolderPair => {
  let found: { readonly linker: NameLinker | undefined } | undefined;
  const open = (): NameLinker | undefined => {
    const link = tools.abilities.posix?.linkNames;
    try {
      return link?.(byteStringOfLatin1(base), byteStringOfLatin1(target));
    } catch {
      // What is wrong with it is told of each file.
      return undefined;
    }
  };
  return {
    linker: () => (found ??= { linker: open() }).linker,
    close: () => found?.linker?.close(),
  };
};

/** What is known of a page while it is placed. */
interface Tally {
  lines: string[];
  checksums: string;
  written: string;
  files: number;
  bytes: number;
  linked: number;
  writtenBytes: number;
  changed: string[];
  newestChange: bigint;
  losses: number;
  exceptions: Exception[];
}

export interface PlacerOptions {
  readonly tools: PlacingTools;
  readonly copies: boolean;
  readonly stopped: () => boolean;
}

/** Throws the system's error when the disk fails; what the source or the base lacks is an exception in the reply. */
export type PagePlacer = (job: PageJob) => PageReply;

export const createPagePlacer = (options: PlacerOptions): PagePlacer => {
  const { tools, stopped } = options;
  return (job) => {
    tools.born = undefined;
    const tally: Tally = {
      lines: [],
      checksums: '',
      written: '',
      files: 0,
      bytes: 0,
      linked: 0,
      writtenBytes: 0,
      changed: [],
      newestChange: 0n,
      losses: 0,
      exceptions: [],
    };
    const page = pageOf(job);
    const folders = createFolderPair(job, options);
    try {
      for (const [at, line] of page.lines.entries()) {
        if (stopped()) throw new Stopped();
        placeLine({ job, line, how: page.how(at, line), from: page.from(at), folders }, tally, options);
      }
    } finally {
      folders.close();
    }
    const intact = page.frame !== undefined && tally.lines.length === page.lines.length;
    const frame = intact ? page.frame : tally.lines.length === 0 ? undefined : packLines(tally.lines);
    return {
      kind: 'page',
      frame,
      checksums: bytesOfText(tally.checksums),
      written: bytesOfText(tally.written),
      files: tally.files,
      bytes: tally.bytes,
      linked: tally.linked,
      writtenBytes: tally.writtenBytes,
      changed: tally.changed,
      newestChange: String(tally.newestChange),
      losses: tally.losses,
      exceptions: tally.exceptions,
    };
  };
};

const bytesOfText = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

interface Page {
  readonly lines: readonly string[];
  readonly how: (at: number, line: string) => Placing;
  readonly from: (at: number) => string;
  /** As the base has it. */
  readonly frame?: Uint8Array;
}

const pageOf = ({ content }: PageJob): Page => {
  if (content.kind === 'lines') {
    const { lines, placings, from } = content;
    return { lines, how: (at) => placings[at] ?? placing.done, from: (at) => from[at] ?? '' };
  }
  const frame = readFrame(content);
  const lines = unpackLines(frame);
  if (content.kind === 'amended') return amendedPage(lines, content);
  return { lines, how: (_, line) => placingOfBase(line), from: () => '', frame };
};

const readFrame = ({
  file,
  offset,
  length,
}: Extract<PageContent, { readonly kind: 'frame' | 'amended' }>): Uint8Array => {
  const frame = Buffer.allocUnsafeSlow(length);
  const descriptor = openSync(Buffer.from(file, 'latin1'), 'r');
  try {
    readSync(descriptor, frame, 0, length, offset);
  } finally {
    closeSync(descriptor);
  }
  return frame;
};

/** What stays of the base's lines and those that come in, both in the order of names, as one. */
const amendedPage = (base: readonly string[], content: Extract<PageContent, { readonly kind: 'amended' }>): Page => {
  const lines: string[] = [];
  /** Which of the lines that come in each one is; below 0: none. */
  const sources: number[] = [];
  const names = content.lines.map((line) => nameOfLine(line));
  let next = 0;
  const addBefore = (name: string | undefined): void => {
    for (let own = names[next]; own !== undefined && (name === undefined || own < name); own = names[++next]) {
      sources.push(next);
      lines.push(content.lines[next] ?? '');
    }
  };
  for (const [at, line] of base.entries()) {
    if (content.left[at] !== 0) continue;
    if (next < names.length) addBefore(nameOfLine(line));
    sources.push(-1);
    lines.push(line);
  }
  addBefore(undefined);
  return {
    lines,
    how: (at, line) => content.placings[sources[at] ?? -1] ?? placingOfBase(line),
    from: (at) => content.from[sources[at] ?? -1] ?? '',
  };
};

/** What a line of the base's manifest stands for. */
export const placingOfBase = (line: string): Placing => {
  switch (line.charAt(0)) {
    case 'f':
      return placing.link;
    case 'l':
      return placing.symlink;
    default:
      return placing.done;
  }
};

interface Placement {
  readonly job: PageJob;
  readonly line: string;
  readonly how: Placing;
  readonly from: string;
  readonly folders: FolderPair;
}

/** A file of the source that is not there, or is something else by now. */
const goneCodes: readonly (string | undefined)[] = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'EISDIR'];

const placeLine = (placement: Placement, tally: Tally, options: PlacerOptions): void => {
  const { line, how } = placement;
  try {
    if (how === placing.link) placeLink(placement, tally, options);
    else if (how === placing.copy) placeCopy(placement, tally, options);
    else if (how === placing.clone) placeClone(placement, tally, options);
    else if (how === placing.symlink) placeSymlink(placement, tally, options);
    else keep(tally, placement, line);
  } catch (error) {
    const exception = exceptionOf(error, placement);
    if (exception === undefined) throw error;
    tally.exceptions.push(exception);
  }
};

const exceptionOf = (error: unknown, { line, how, from, job }: Placement): Exception | undefined => {
  if (error instanceof ReadingFailed) {
    const code = errnoCode(error.cause);
    if (goneCodes.includes(code)) return { line, kind: 'gone' };
    return code === undefined ? undefined : { line, kind: 'failed', failure: systemFailure(error.cause, from) };
  }
  const code = errnoCode(error);
  if (code === 'EEXIST') return { line, kind: 'twin' };
  const isOfBase = how === placing.link || how === placing.clone;
  if (code !== 'ENOENT' || !isOfBase) return undefined;
  return { line, kind: 'lost', failure: systemFailure(error, from === '' ? job.base : from) };
};

/** Takes a line down. What is already placed may be a file, too. */
const keep = (tally: Tally, { job, how }: Placement, line: string): void => {
  tally.lines.push(line);
  if (isDirectoryLine(line)) return;
  tally.files++;
  if (!line.startsWith('f')) return;
  const sha256 = fieldOfLine(line, 14);
  tally.bytes += Number(fieldOfLine(line, 5));
  const checksum = formatChecksumLine(sha256, `${job.prefix}${nameOfLine(line)}`);
  tally.checksums += checksum;
  if (how !== placing.link && how !== placing.done) tally.written += checksum;
};

const targetOf = ({ job, line }: Placement): ByteString => byteStringOfLatin1(`${job.target}/${nameOfLine(line)}`);

const baseOf = ({ job, line, from }: Placement): ByteString =>
  byteStringOfLatin1(from === '' ? `${job.base}/${nameOfLine(line)}` : from);

const placeLink = (placement: Placement, tally: Tally, options: PlacerOptions): void => {
  if (options.copies || !isLinkMade(placement)) {
    placeClone(placement, tally, options);
    return;
  }
  tally.linked++;
  keep(tally, placement, placement.line);
};

const isLinkMade = (placement: Placement): boolean => {
  const { from, line, folders } = placement;
  const linker = from === '' ? folders.linker() : undefined;
  if (linker === undefined) return linkFile(baseOf(placement), targetOf(placement));
  return isLinked(() => linker.link(nameOfLine(line)));
};

const placeClone = (placement: Placement, tally: Tally, { tools }: PlacerOptions): void => {
  const { line } = placement;
  const { entry } = parseEntryLine(line);
  if (cloneFile(baseOf(placement), targetOf(placement), entry, tools)) tally.losses++;
  tally.writtenBytes += entry.size;
  keep(tally, { ...placement, how: placing.clone }, line);
};

const placeCopy = (placement: Placement, tally: Tally, { tools }: PlacerOptions): void => {
  const { line, from } = placement;
  const listed = parseEntryLine(line).entry;
  const { entry, sha256, changed, loses } = copyLocalFile(byteStringOfLatin1(from), targetOf(placement), listed, tools);
  if (changed) tally.changed.push(entry.name);
  if (loses) tally.losses++;
  if (entry.ctime > tally.newestChange) tally.newestChange = entry.ctime;
  tally.writtenBytes += entry.size;
  keep(tally, placement, formatEntryLine({ entry, sha256 }));
};

const placeSymlink = (placement: Placement, tally: Tally, { tools }: PlacerOptions): void => {
  const { entry } = parseEntryLine(placement.line);
  if (makeSymlink(targetOf(placement), entry, tools)) tally.losses++;
  keep(tally, placement, placement.line);
};
