import type { Base } from '../../contract/source.ts';
import type { Run } from '../../contract/run.ts';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import type { Metadata, Path } from '../../model/entry.ts';
import type { PathFilter } from '../../model/filter.ts';
import type { MetadataReader } from './local-metadata.ts';
import type { ScannedPlaces } from './scanned-places.ts';

/** Whether an entry is to be captured; of a directory left out, nothing below is looked at. `file` is absolute. */
export interface EntryFilter {
  (file: ByteString, metadata: Metadata): boolean;
  /** Lets everything through that is no directory, so that nobody need ask for each message. */
  readonly onlyDirectories?: true;
}

/** restic's patterns, which judge by names alone. */
export const filterOfPaths =
  (judge: PathFilter): EntryFilter =>
  (file, metadata) =>
    judge(namesIn(file), metadata.type === 'directory') !== 'excluded';

const namesIn = (file: ByteString): Path =>
  file
    .split('/')
    .filter((name) => name !== '')
    .map((name) => byteStringOfLatin1(name));

export interface MaildirOptions {
  /**
   * Take `cur` and `new` over from the base, unread, when their directory has not changed. Right only when the base is
   * complete and was made with the same filters: what it lacks would go on missing without a word.
   */
  readonly skipUnchangedFolders: boolean;
  /** Look into every folder all the same. */
  readonly rescan: boolean;
  /** 0 to 6: which seventh of the folders that could be skipped is looked into all the same. Night number modulo 7. */
  readonly seventh: number;
  /** Default `leave-out`: what Dovecot makes again by itself is not captured, nor what lies in `tmp`. */
  readonly caches?: 'leave-out' | 'keep';
}

/** What one capture needs everywhere. */
export interface CaptureContext {
  readonly run: Run;
  readonly base: Base | undefined;
  readonly reader: MetadataReader;
  readonly filter: EntryFilter | undefined;
  readonly oneFileSystem: boolean;
  /** Undefined: Maildirs are directories like any other. */
  readonly maildir: MaildirOptions | undefined;
  readonly leftOut: LeftOut;
  readonly places: ScannedPlaces;
  /** A given folder in which the base has files may be empty now. */
  readonly allowEmpty: boolean;
}

/** Counted, and said once at the end. */
export interface LeftOut {
  sockets: number;
  /** Dovecot's caches and the contents of `tmp`. */
  mailCaches: number;
}

/** Children a page. A page is also how long other work of this thread waits: about 5 ms. */
export const pageSize = 1000;

export const childFile = (directory: ByteString, name: ByteString): ByteString =>
  byteStringOfLatin1(directory.endsWith('/') ? `${directory}${name}` : `${directory}/${name}`);

export const joined = (path: Path): ByteString => byteStringOfLatin1(path.join('/'));

/** Lets other work of this thread have its turn. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
