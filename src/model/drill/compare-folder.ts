/** A message that the backup says is in a folder, and that was restored. */
export interface ExpectedMessage {
  /** The name of its file, without flags. */
  readonly name: string;
  /** As IMAP has them: `\Seen`, `Important`. */
  readonly flags: readonly string[];
  /** Of its bytes as IMAP gives them; undefined: they cannot be known here (encrypted). */
  readonly sha256: string | undefined;
  /** From `dovecot-uidlist`; undefined: it has none yet. */
  readonly uid: number | undefined;
}

/** A message as Dovecot shows it. */
export interface ServedMessage {
  readonly uid: number;
  /** `\Recent` left out. */
  readonly flags: readonly string[];
  readonly sha256: string;
}

export interface FolderComparison {
  /** Names of messages that are not shown, or with other bytes. */
  readonly unserved: readonly string[];
  /** Each with the flags that it lacks. */
  readonly flagsLost: readonly { readonly name: string; readonly missing: readonly string[] }[];
  /** Messages that have other UIDs. */
  readonly moved: readonly string[];
}

const missingFlags = (expected: ExpectedMessage, served: ServedMessage): readonly string[] => {
  const has = new Set(served.flags.map((flag) => flag.toLowerCase()));
  return expected.flags.filter((flag) => !has.has(flag.toLowerCase()));
};

/** Which of those that have the right bytes it is: the one of its UID, else one that lacks none of its flags. */
const choose = (expected: ExpectedMessage, candidates: readonly ServedMessage[]): ServedMessage | undefined =>
  candidates.find(({ uid }) => uid === expected.uid) ??
  candidates.find((served) => missingFlags(expected, served).length === 0) ??
  candidates[0];

/**
 * What Dovecot shows of a folder against what is expected there. A message is found by its bytes; one that cannot be
 * compared by its UID. Each that is shown stands for one message only. What is shown beyond that counts for nothing.
 */
export const compareFolder = (
  expected: readonly ExpectedMessage[],
  served: readonly ServedMessage[],
): FolderComparison => {
  const left = new Map<string, ServedMessage[]>();
  const byUid = new Map(served.map((message) => [message.uid, message]));
  for (const message of served) left.set(message.sha256, [...(left.get(message.sha256) ?? []), message]);
  const take = (message: ExpectedMessage): ServedMessage | undefined => {
    if (message.sha256 === undefined) return message.uid === undefined ? undefined : byUid.get(message.uid);
    const candidates = left.get(message.sha256) ?? [];
    const chosen = choose(message, candidates);
    left.set(
      message.sha256,
      candidates.filter((one) => one !== chosen),
    );
    return chosen;
  };
  const unserved: string[] = [];
  const moved: string[] = [];
  const flagsLost: { name: string; missing: readonly string[] }[] = [];
  // Those that have a UID first: they know which of several equal ones they are.
  const ordered = [...expected].sort((one, other) => Number(one.uid === undefined) - Number(other.uid === undefined));
  for (const message of ordered) {
    const found = take(message);
    if (found === undefined) {
      unserved.push(message.name);
      continue;
    }
    const missing = missingFlags(message, found);
    if (missing.length > 0) flagsLost.push({ name: message.name, missing });
    if (message.uid !== undefined && found.uid !== message.uid) moved.push(message.name);
  }
  return { unserved, flagsLost, moved };
};
