/** What there is at a path; links are followed. `closed`: this user may not look there. */
export type Place = 'file' | 'folder' | 'missing' | 'closed';

/** The text of a file, or why there is none. */
export type FileLook =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'missing' }
  /** `reason`: a sentence for people. */
  | { readonly kind: 'closed'; readonly reason: string };

/**
 * What a preset may look at of a machine: it reads, and changes nothing. Paths are absolute. Nothing here throws for what is
 * merely not there or not readable; faults: `interrupted`.
 */
export interface Machine {
  /** The home of the user, for what lies in it. */
  readonly home: string;
  /** Of a text of at most a megabyte; longer ones and bytes that are no UTF-8 are `closed`. */
  readText(path: string): Promise<FileLook>;
  placeAt(path: string): Promise<Place>;
  /** Names in a folder, sorted; undefined when it cannot be listed. At most some ten thousand. */
  namesIn(folder: string): Promise<readonly string[] | undefined>;
  /** The first bytes of a file; undefined when it cannot be read. */
  beginningOf(path: string, bytes: number): Promise<Uint8Array | undefined>;
  /** What a program prints when it ends with 0 soon; undefined when it is not there, fails, or takes too long. */
  ask(program: string, parameters: readonly string[]): Promise<string | undefined>;
}
