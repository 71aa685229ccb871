import { type ByteString, byteStringOfLatin1, bytesOf } from '../../../model/byte-string.ts';

/**
 * Whether a command leaves the account as it is. A connection for capture takes only `reading` ones, by type and again
 * when it runs.
 */
export type Access = 'reading' | 'writing';

/** Bytes that are announced with their length; `{12}`. */
export interface Literal {
  readonly length: number;
  /** `~{12}` (RFC 3516, RFC 6855): may hold NUL, or is a message with UTF-8 in its header. */
  readonly binary?: boolean;
  bytes(): AsyncIterable<Uint8Array>;
}

export interface Command<Allowed extends Access = Access> {
  readonly access: Allowed;
  /** The verb and its object, for faults: `EXAMINE`, `UID FETCH`. No secret. */
  readonly title: string;
  /** In the order of the wire, tag and line end left out. */
  readonly parts: readonly (ByteString | Literal)[];
}

export const reading = (title: string, ...parts: readonly (string | Literal)[]): Command<'reading'> => ({
  access: 'reading',
  title,
  parts: parts.map(partOf),
});

export const writing = (title: string, ...parts: readonly (string | Literal)[]): Command<'writing'> => ({
  access: 'writing',
  title,
  parts: parts.map(partOf),
});

const partOf = (part: string | Literal): ByteString | Literal =>
  typeof part === 'string' ? byteStringOfLatin1(part) : part;

const literalOf = (text: ByteString): Literal => ({
  length: text.length,
  bytes: async function* () {
    yield bytesOf(text);
  },
});

/** Longer strings than this are no quoted ones: servers cap the length of a line. */
const longestQuoted = 1000;

/** A string as an argument: quoted, or a literal where quotes cannot hold it. `eightBit`: after ENABLE UTF8=ACCEPT. */
export const stringArgument = (text: ByteString, eightBit = false): ByteString | Literal => {
  const quotable = eightBit ? /^[^\0\r\n]*$/ : /^[\x01-\x09\x0b\x0c\x0e-\x7f]*$/;
  if (text.length > longestQuoted || !quotable.test(text)) return literalOf(text);
  return byteStringOfLatin1(`"${text.replace(/["\\]/g, '\\$&')}"`);
};

/** How literals may be announced: RFC 7888. */
export type LiteralForm = 'synchronizing' | 'up-to-4096' | 'never-waits';

/** `{5+}` goes on at once; after `{5}` the server is to be waited for. */
export const announce = ({ length, binary }: Literal, form: LiteralForm): { text: string; waits: boolean } => {
  const waits = form === 'synchronizing' || (form === 'up-to-4096' && length > 4096);
  return { text: `${binary === true ? '~' : ''}{${length}${waits ? '' : '+'}}\r\n`, waits };
};
