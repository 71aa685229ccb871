/** What becomes of one entry of a page. */
export const placing = {
  /** It is placed already, or nothing of it lies on the disk: only its line is kept. */
  done: 0,
  /** A hard link to the file of the base. */
  link: 1,
  /** A copy of the base's file, with the metadata of the line: its bytes are the same, but not all that the system says of it. */
  clone: 2,
  /** A copy of a local file. */
  copy: 3,
  /** A symbolic link. */
  symlink: 4,
  /** It was written just now, by the main thread. */
  written: 5,
} as const;

export type Placing = (typeof placing)[keyof typeof placing];

/** What is to be placed in one folder of a backup under work. Paths are byte strings. */
export interface PageJob {
  readonly kind: 'page';
  readonly id: number;
  /** The folder, absolute. */
  readonly target: string;
  /** The folder of the base in which links and clones without a place of their own are looked for. */
  readonly base: string;
  /** What stands before the names in `checksums.sha256`, with a `/` at its end. */
  readonly prefix: string;
  readonly content: PageContent;
}

interface ListedLines {
  readonly lines: readonly string[];
  readonly placings: readonly Placing[];
  /** Local file, or file of the base, absolute; '' for one of the same name in `base`. */
  readonly from: readonly string[];
}

export type PageContent =
  | ({ readonly kind: 'lines' } & ListedLines)
  /** All that a page of the base's manifest has. */
  | ({ readonly kind: 'frame' } & PlaceOfFrame)
  /** What a page of the base's manifest has, without some of its lines, and with others among them, in the order of names. */
  | ({
      readonly kind: 'amended';
      /** A number for each line of the page; where it is not 0, the line is left out. */
      readonly left: Uint8Array;
    } & PlaceOfFrame &
      ListedLines);

interface PlaceOfFrame {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

/** Lists what lies in a folder and gives it all a second name in another, which is there. */
export interface MirrorJob {
  readonly kind: 'mirror';
  readonly id: number;
  readonly from: string;
  readonly to: string;
}

/** Reads files again. */
export interface CheckJob {
  readonly kind: 'check';
  readonly id: number;
  /** Before each path, with a `/` at its end. */
  readonly root: string;
  /** As in `checksums.sha256`. */
  readonly lines: readonly string[];
  /** Read the disk, not what is in memory of it. */
  readonly fromDisk?: boolean;
}

export type DiskJob = PageJob | MirrorJob | CheckJob;

/** An entry that could not be placed as it was asked. */
export interface Exception {
  readonly line: string;
  /** `gone`: the local file; `lost`: the base's; `failed`: the local file cannot be read; `twin`: its name is taken. */
  readonly kind: 'gone' | 'lost' | 'failed' | 'twin';
  readonly failure?: SystemFailure;
}

export interface SystemFailure {
  /** errno's name, or '' for what is no system error. */
  readonly code: string;
  readonly message: string;
  readonly path: string;
}

export interface PageReply {
  readonly kind: 'page';
  /** The compressed lines of all that was placed; of none, undefined. */
  readonly frame: Uint8Array | undefined;
  readonly checksums: Uint8Array;
  /** Those among them of files that were written anew. */
  readonly written: Uint8Array;
  readonly files: number;
  readonly bytes: number;
  readonly linked: number;
  readonly writtenBytes: number;
  /** Names of files that changed while they were read; what was read is kept. */
  readonly changed: readonly string[];
  /** The newest ctime of the files that were read, as a decimal number. */
  readonly newestChange: string;
  /** Entries whose metadata the disk does not hold in full. */
  readonly losses: number;
  readonly exceptions: readonly Exception[];
}

export interface MirrorReply {
  readonly kind: 'mirror';
  /** Names of the folders in it, which are still to do. */
  readonly folders: readonly string[];
  readonly files: number;
}

export interface CheckDamage {
  /** Relative to the root. */
  readonly path: string;
  readonly kind: 'missing' | 'differs' | 'unreadable' | 'no line';
  readonly code: string;
}

export interface CheckReply {
  readonly kind: 'check';
  readonly damages: readonly CheckDamage[];
  readonly files: number;
  readonly bytes: number;
}

export type JobReply = PageReply | MirrorReply | CheckReply;

/** `failure`: the disk failed, and with it the job. */
export type FromThread =
  | { readonly id: number; readonly reply: JobReply }
  | { readonly id: number; readonly failure: SystemFailure };

export interface ThreadSetup {
  readonly purpose: 'dated disk';
  /** Use copies instead of hard links. */
  readonly copies: boolean;
  /** Shared; anything but 0 in its first place: end soon. */
  readonly stop: Int32Array;
}
