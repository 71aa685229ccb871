import type { Counted } from './restore-each.ts';

const newline = 10;
const longestHead = 4096;

const copyBegins = /^COPY (.+?) (?:\(.*\) )?FROM stdin;$/;

/** Counts the rows of a plain dump of PostgreSQL as it passes: lines between `COPY … FROM stdin;` and `\.`. */
export class CopiedRows {
  readonly #tables = new Map<string, number>();
  #line = '';
  #table: string | undefined;

  add(bytes: Uint8Array): void {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    let from = 0;
    for (;;) {
      const end = buffer.indexOf(newline, from);
      const room = longestHead - this.#line.length;
      const until = end === -1 ? buffer.length : end;
      if (room > 0) this.#line += buffer.toString('latin1', from, Math.min(until, from + room));
      if (end === -1) return;
      this.#take(this.#line);
      this.#line = '';
      from = end + 1;
    }
  }

  /** By name as it stands in the dump (quoted where it must be), with its schema. */
  get tables(): ReadonlyMap<string, number> {
    return new Map([...this.#tables].map(([name, rows]) => [Buffer.from(name, 'latin1').toString('utf8'), rows]));
  }

  counted(): Counted {
    return { tables: this.#tables.size, rows: [...this.#tables.values()].reduce((sum, rows) => sum + rows, 0) };
  }

  #take(line: string): void {
    if (this.#table === undefined) {
      const name = copyBegins.exec(line)?.[1];
      if (name === undefined) return;
      this.#table = name;
      this.#tables.set(name, 0);
    } else if (line === '\\.') this.#table = undefined;
    else this.#tables.set(this.#table, (this.#tables.get(this.#table) ?? 0) + 1);
  }
}
