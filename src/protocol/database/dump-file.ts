import type { Run } from '../../contract/run.ts';
import { bytesOf, byteStringOfText, type ByteString } from '../../model/byte-string.ts';
import type { Fault } from '../../model/fault.ts';

/** A file of a component, which is made when it is read. */
export interface DumpFile {
  readonly name: ByteString;
  /** About how large it will be, in bytes. */
  readonly size: number;
  /**
   * Its bytes, in pieces that belong to the receiver. It comes to its end only when it is known to be whole; otherwise it throws a
   * Fault. Whoever stops before the end ends what makes it.
   */
  dump(run: Run): AsyncIterable<Uint8Array>;
}

/** A file that should be there and cannot be made. */
export interface MissingDump {
  readonly name: ByteString;
  readonly fault: Fault;
}

/**
 * What a database's dump is called. A database has any name: what cannot stand in a file name, and the first character of a name
 * that is taken or hidden, is written `%XX`.
 */
export const dumpName = (database: string, suffix: string, taken: readonly string[] = []): ByteString => {
  const escaped = database.replace(/[%/\x00-\x1f\x7f]/g, (character) => percent(character));
  const isTaken = escaped.startsWith('.') || taken.includes(`${escaped}${suffix}`);
  return byteStringOfText(`${isTaken ? percent(escaped.slice(0, 1)) + escaped.slice(1) : escaped}${suffix}`);
};

/** The database of a dump's name, as `dumpName` made it. */
export const databaseOfDump = (name: ByteString, suffix: string): string =>
  new TextDecoder()
    .decode(bytesOf(name))
    .slice(0, -suffix.length)
    .replace(/%([0-9A-F]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));

const percent = (character: string): string =>
  `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;

/** A small text as a file. */
export const textFile = (name: string, text: string): DumpFile => ({
  name: byteStringOfText(name),
  size: Buffer.byteLength(text),
  async *dump() {
    yield new TextEncoder().encode(text);
  },
});
