import { type Dirent, opendirSync } from 'node:fs';
import type { Expected } from '../../contract/source.ts';
import { splitMaildirName } from '../../mail/maildir-name.ts';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import type { Metadata } from '../../model/entry.ts';
import { cacheRule, isMaildirFolder } from '../maildir/folder-layout.ts';
import { childFile, type EntryFilter, nextTurn } from './capture-context.ts';
import { createMetadataReader, type MetadataReader } from './local-metadata.ts';

/*
 * Says beforehand what a first backup comes to, as nothing else can: names are counted while the capture is under way. Sizes
 * are taken from the names of messages; few other files are looked at. What goes wrong is for the capture to tell.
 */

export interface CountOptions {
  /** Absolute; none below another. */
  readonly given: readonly ByteString[];
  readonly filter: EntryFilter | undefined;
  readonly oneFileSystem: boolean;
  /** Leave out of Maildirs what their server makes again by itself. */
  readonly withoutCaches: boolean;
}

export interface CountAhead {
  /** Undefined until all is counted, and when it cannot be. */
  expected(): Expected | undefined;
  /** So many directories were captured by now. A count that this has left behind is of no use any more, and ends. */
  captured(directories: number): void;
  stop(): Promise<void>;
}

export const startCount = (options: CountOptions): CountAhead => {
  const count = new Count(options);
  const counting = count.all();
  return {
    expected: () => count.result,
    captured: (directories) => {
      if (directories > count.directories + farAhead) count.isEnded = true;
    },
    stop: () => {
      count.isEnded = true;
      return counting;
    },
  };
};

/** Files whose names tell no size, and that are looked at for it. With more of them, nobody knows the bytes. */
const mostLooks = 10_000;
/** A capture lists some directories before it has to wait for their files to be read. */
const farAhead = 1024;
/** Names and directories that are counted before the capture has its turn: a millisecond or two. */
const namesPerTurn = 2000;
/** Names that are asked of the system at a time. */
const batch = 4096;

interface Folder {
  readonly file: ByteString;
  readonly metadata: Metadata;
  /** The only file system to stay on. */
  readonly device: bigint | undefined;
}

interface Listed {
  readonly directories: ByteString[];
  /** With sizes in their names. */
  readonly messages: { readonly name: ByteString; readonly size: number }[];
  readonly others: ByteString[];
}

class Count {
  readonly #options: CountOptions;
  readonly #reader: MetadataReader = createMetadataReader({ posix: undefined, onFault: () => undefined });
  #files = 0;
  #bytes = 0;
  #looks = 0;
  #knowsBytes = true;
  directories = 0;
  isEnded = false;
  result: Expected | undefined;

  constructor(options: CountOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  async all(): Promise<void> {
    const waiting: Folder[] = [];
    for (const file of this.#options.given) waiting.push(...this.#given(file));
    let turnEnds = 0;
    for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
      if (this.#files + this.directories >= turnEnds) {
        await nextTurn();
        turnEnds = this.#files + this.directories + namesPerTurn;
      }
      if (this.isEnded) return;
      this.directories++;
      try {
        waiting.push(...this.#folder(folder));
      } catch (error) {
        // Node stumbles over a name that is no text, and nobody knows how many there are.
        if (error instanceof TypeError) return;
        // It cannot be listed, or is gone: it counts as empty.
      }
    }
    if (this.isEnded) return;
    this.result = { files: this.#files, bytes: this.#knowsBytes ? this.#bytes : undefined };
  }

  #given(file: ByteString): readonly Folder[] {
    const found = this.#look(file);
    if (found === undefined) return [];
    if (found.type === 'directory') {
      return [{ file, metadata: found, device: this.#options.oneFileSystem ? found.deviceId : undefined }];
    }
    this.#files++;
    this.#bytes += found.size;
    return [];
  }

  #look(file: ByteString): Metadata | undefined {
    try {
      const stats = this.#reader.stats(file);
      return stats && this.#reader.describe(file, stats);
    } catch {
      return undefined;
    }
  }

  /** Counts what lies directly in a folder, and returns the folders that are to be counted next. */
  #folder(folder: Folder): readonly Folder[] {
    const listed = listDirectory(folder.file);
    const isMail = this.#options.withoutCaches && isMaildirFolder({ directories: new Set(listed.directories) });
    this.#messages(folder, listed);
    this.#others(folder, isMail ? withoutCaches(listed) : listed.others);
    return listed.directories
      .filter((name) => !isMail || name !== 'tmp')
      .flatMap((name) => this.#below(folder, childFile(folder.file, name)));
  }

  #below({ device }: Folder, file: ByteString): readonly Folder[] {
    const metadata = this.#look(file);
    if (metadata?.type !== 'directory' || this.#options.filter?.(file, metadata) === false) return [];
    return device !== undefined && metadata.deviceId !== device ? [] : [{ file, metadata, device }];
  }

  #messages(folder: Folder, { messages }: Listed): void {
    const [first] = messages;
    // In a compressed Maildir a name tells the size of the message, which is not that of the file.
    if (first !== undefined && this.#knowsBytes) {
      const file = this.#look(childFile(folder.file, first.name));
      if (file !== undefined && file.size !== first.size) this.#knowsBytes = false;
    }
    for (const { name, size } of messages) if (this.#isWanted(folder, name, size)) this.#add(size);
  }

  #others(folder: Folder, names: readonly ByteString[]): void {
    for (const name of names) {
      if (this.#knowsBytes && ++this.#looks > mostLooks) this.#knowsBytes = false;
      const size = this.#knowsBytes ? (this.#look(childFile(folder.file, name))?.size ?? 0) : 0;
      if (this.#isWanted(folder, name, size)) this.#add(size);
    }
  }

  #isWanted({ file, metadata }: Folder, name: ByteString, size: number): boolean {
    const { filter } = this.#options;
    return filter === undefined || filter(childFile(file, name), { ...metadata, type: 'file', size });
  }

  #add(size: number): void {
    this.#files++;
    this.#bytes += size;
  }
}

const withoutCaches = ({ directories, others }: Listed): readonly ByteString[] => {
  const isCache = cacheRule({ directories: new Set(directories), keywordsAreFull: false });
  return others.filter((name) => !isCache(name));
};

/** Throws the system's error, and a TypeError where Node stumbles over a name. */
const listDirectory = (directory: ByteString): Listed => {
  const listed: Listed = { directories: [], messages: [], others: [] };
  const handle = opendirSync(Buffer.from(directory, 'latin1'), { encoding: 'latin1', bufferSize: batch });
  try {
    for (let entry = handle.readSync(); entry !== null; entry = handle.readSync()) put(listed, entry);
  } finally {
    handle.closeSync();
  }
  return listed;
};

const put = ({ directories, messages, others }: Listed, entry: Dirent): void => {
  const name = byteStringOfLatin1(entry.name);
  if (entry.isDirectory()) {
    directories.push(name);
    return;
  }
  const size = name.includes(',S=') ? splitMaildirName(name).size : undefined;
  if (size === undefined) others.push(name);
  else messages.push({ name, size });
};
