import { type ByteString, byteStringOfLatin1 } from '../model/byte-string.ts';

/** The name of a message file in a Maildir: `1700000000.M1P2.host,S=4096,W=4200:2,RS`. */
export interface MaildirName {
  /** What stays when flags change: everything before the separator, sizes included. Unique in its folder. */
  readonly identity: ByteString;
  /** The identity up to the first `,S=` or other parameter. */
  readonly unique: ByteString;
  /** `S=`: bytes of the file (of the message, if the file is compressed). */
  readonly size: number | undefined;
  /** `W=`: RFC822.SIZE, that is with CRLF. */
  readonly virtualSize: number | undefined;
  /** What follows `2,`: single letters in ASCII order, as they stand. Undefined when there is no such info. */
  readonly flags: ByteString | undefined;
}

/**
 * Where the info begins: a `:` always, since a host name with one is written with `\072`; `;` (Windows) and `!` (other
 * file systems without `:`) only before `2,`, since they may stand in a name. -1 when there is none.
 */
const separatorAt = (name: ByteString): number => name.search(/:|[;!]2,/);

/** Everything before the info: the part by which a message is the same under other flags. */
export const identityOf = (name: ByteString): ByteString => {
  const at = separatorAt(name);
  return at < 0 ? name : byteStringOfLatin1(name.slice(0, at));
};

export const splitMaildirName = (name: ByteString): MaildirName => {
  const identity = identityOf(name);
  const info = name.slice(identity.length + 1);
  const [unique = '', ...parameters] = identity.split(',');
  return {
    identity,
    unique: byteStringOfLatin1(unique),
    size: numberOf(parameters, 'S='),
    virtualSize: numberOf(parameters, 'W='),
    flags: info.startsWith('2,') ? byteStringOfLatin1(info.slice(2)) : undefined,
  };
};

const numberOf = (parameters: readonly string[], prefix: string): number | undefined => {
  const text = parameters.find((parameter) => parameter.startsWith(prefix))?.slice(prefix.length);
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined;
  return Number(text);
};
