/**
 * The first line of dumps by MariaDB since 10.5.25, 10.6.18, 10.11.8 and 11.4.2, in both of its forms. It forbids the client to run
 * programs; clients of MySQL and older ones of MariaDB fail at it.
 */
const sandboxLine = /^\/\*M?!999999\\- [^\n]*\*\/[ \t\r]*\n/;

const newline = 10;
const longestLine = 256;

/** Passes a dump on without that line; the client is told the same by an option. */
export async function* withoutSandboxLine(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let beginning: Uint8Array | undefined = new Uint8Array(0);
  for await (const part of bytes) {
    if (beginning === undefined) {
      yield part;
      continue;
    }
    beginning = Buffer.concat([beginning, part]);
    if (beginning.length < longestLine && !beginning.includes(newline)) continue;
    yield stripped(beginning);
    beginning = undefined;
  }
  if (beginning !== undefined && beginning.length > 0) yield stripped(beginning);
}

const stripped = (beginning: Uint8Array): Uint8Array => {
  const [line = ''] = sandboxLine.exec(Buffer.from(beginning.subarray(0, longestLine)).toString('latin1')) ?? [];
  return beginning.subarray(line.length);
};
