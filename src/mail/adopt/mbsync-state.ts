/** Which of mbsync's own UIDs is which of the server's, for one folder. */
export interface MbsyncPairing {
  /** UIDVALIDITY of the folder on the server. */
  readonly serverUidValidity: number;
  /** The server's UID by mbsync's own. */
  readonly serverUids: ReadonlyMap<number, number>;
}

interface MbsyncState {
  readonly far: number;
  readonly near: number;
  /** UIDs of the far side and of the near one. */
  readonly pairs: readonly (readonly [far: number, near: number])[];
}

/**
 * A state of mbsync 1.1 and later: `FarUidValidity` (older: `Master…`) and the like, an empty line, then `far near flags` for
 * each message. Pairs of which one side is not there (0) are left out. Undefined for anything else.
 */
export const parseMbsyncState = (text: string): MbsyncState | undefined => {
  const lines = text.split('\n');
  const head = lines.indexOf('');
  const fields = new Map(lines.slice(0, Math.max(0, head)).map((line) => [line.split(' ')[0], line.split(' ')[1]]));
  const number = (...names: readonly string[]): number =>
    Number(names.map((name) => fields.get(name)).find((value) => value !== undefined));
  const far = number('FarUidValidity', 'MasterUidValidity');
  const near = number('NearUidValidity', 'SlaveUidValidity');
  if (!(far > 0) || !(near > 0)) return undefined;
  const pairs = lines.slice(head + 1).flatMap((line): (readonly [number, number])[] => {
    const match = /^(\d{1,10}) (\d{1,10})(?: |$)/.exec(line);
    const [one, other] = [Number(match?.[1]), Number(match?.[2])];
    return one > 0 && other > 0 ? [[one, other]] : [];
  });
  return { far, near, pairs };
};

/**
 * What a state says of the Maildir whose `.uidvalidity` is `local`; which side the Maildir is on only that tells. Both where
 * both sides have the same one; none for a state of another Maildir.
 */
export const pairingsOf = ({ far, near, pairs }: MbsyncState, local: number): readonly MbsyncPairing[] => [
  ...(near === local
    ? [{ serverUidValidity: far, serverUids: new Map(pairs.map(([server, own]) => [own, server] as const)) }]
    : []),
  ...(far === local ? [{ serverUidValidity: near, serverUids: new Map(pairs) }] : []),
];

/** The first line of `.uidvalidity`; undefined when it is none. */
export const parseUidValidity = (text: string): number | undefined => {
  const value = Number(/^(\d{1,10})\n/.exec(text)?.[1]);
  return value > 0 ? value : undefined;
};
