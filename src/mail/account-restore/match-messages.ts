/** What a whole header says of its message's identity. */
export interface HeaderTraits {
  /** Of all its bytes, those that are not ASCII taken for equal. */
  readonly digest: string;
  /** Empty where there is none. */
  readonly messageId: string;
}

export interface SourceTraits {
  /** Bytes of the CRLF form. */
  readonly size: number;
  /** INTERNALDATE. */
  readonly seconds: number;
  /** SHA-256 of the CRLF form. */
  readonly sha256: string;
  /** Undefined where it was not asked for, or cannot be told. */
  readonly header: HeaderTraits | undefined;
  /** Drafts are saved again and again under one header. */
  readonly draft: boolean;
}

export interface TargetTraits {
  readonly uid: number;
  readonly size: number;
  readonly seconds: number;
  readonly header?: HeaderTraits | undefined;
  readonly sha256?: string | undefined;
  /** As `sha256`, of all but the line end that it ends in. Courier gives one to every message that has none. */
  readonly unended?: string | undefined;
}

/** A server that rewrites what it is given (Exchange does) has no equal bytes: then Message-ID and date are to do. */
export interface MatchOptions {
  readonly byMessageId: boolean;
}

const grouped = <Item>(items: readonly Item[], keyOf: (item: Item) => string | number | undefined) => {
  const groups = new Map<string | number, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
};

const headerKey = ({ size, seconds, header }: SourceTraits | TargetTraits): string | undefined =>
  header === undefined || header.messageId === '' ? undefined : `${size} ${seconds} ${header.digest}`;

const idKey = ({ seconds, header }: SourceTraits | TargetTraits): string | undefined =>
  header === undefined || header.messageId === '' ? undefined : `${seconds} ${header.messageId}`;

/**
 * The keys of equal size, date and whole header that tell a message without its body: those with a Message-ID that stand
 * for one content only among what is to be restored.
 */
const trustedKeys = (sources: readonly SourceTraits[]): ReadonlySet<string | number> => {
  const trusted = new Set<string | number>();
  for (const [key, group] of grouped(sources, headerKey)) {
    const isOne = group.every(({ sha256, draft }) => sha256 === group[0]?.sha256 && !draft);
    if (isOne) trusted.add(key);
  }
  return trusted;
};

/** Sizes and dates that sources have: only messages with one of them need a closer look. */
export const mayBeSame = (
  sources: readonly Pick<SourceTraits, 'size' | 'seconds'>[],
): ((message: Pick<SourceTraits, 'size' | 'seconds'>) => boolean) => {
  const sizes = new Set(sources.map(({ size }) => size));
  const dates = new Set(sources.map(({ seconds }) => seconds));
  return ({ size, seconds }) => sizes.has(size) || dates.has(seconds);
};

/**
 * UIDs of messages on the target of which their notes tell enough: one of these sources was added as each, and of as many as
 * there are equal sources. Of any other, only a look tells: the server may have changed what it was given, and what it made
 * of it may have been captured since.
 */
export const toldByNotes = (
  sources: readonly Pick<SourceTraits, 'sha256' | 'seconds'>[],
  targets: readonly { readonly uid: number; readonly seconds: number; readonly noted?: string | undefined }[],
): ReadonlySet<number> => {
  const left = new Map<string, number>();
  const keyOf = (sha256: string, seconds: number): string => `${sha256} ${seconds}`;
  for (const { sha256, seconds } of sources) {
    const key = keyOf(sha256, seconds);
    left.set(key, (left.get(key) ?? 0) + 1);
  }
  const told = new Set<number>();
  for (const { uid, noted, seconds } of targets) {
    const key = keyOf(noted ?? '', seconds);
    const count = left.get(key) ?? 0;
    if (noted === undefined || count === 0) continue;
    left.set(key, count - 1);
    told.add(uid);
  }
  return told;
};

/** UIDs of messages on the target whose bodies have to be compared, as headers do not tell enough. */
export const ambiguousBodies = (sources: readonly SourceTraits[], targets: readonly TargetTraits[]): number[] => {
  const trusted = trustedKeys(sources);
  const bySize = grouped(sources, ({ size }) => size);
  const byDate = grouped(sources, ({ seconds }) => seconds);
  return targets.filter((target) => isAmbiguous(target, { trusted, bySize, byDate })).map(({ uid }) => uid);
};

interface Groups {
  readonly trusted: ReadonlySet<string | number>;
  readonly bySize: ReadonlyMap<string | number, readonly SourceTraits[]>;
  readonly byDate: ReadonlyMap<string | number, readonly SourceTraits[]>;
}

const isAmbiguous = (target: TargetTraits, { trusted, bySize, byDate }: Groups): boolean => {
  const key = headerKey(target);
  if (key !== undefined && trusted.has(key)) return false;
  const { header, size, seconds } = target;
  const sameSize = bySize.get(size) ?? [];
  if (sameSize.some((source) => mayEqual(source, header) || source.seconds === seconds)) return true;
  // Of another size only what the server may have stored with other line ends.
  return (byDate.get(seconds) ?? []).some(
    (source) => source.size <= 2 * size && size <= 2 * source.size && mayEqual(source, header),
  );
};

const mayEqual = ({ header }: SourceTraits, other: HeaderTraits | undefined): boolean =>
  header === undefined || other === undefined || header.digest === other.digest;

/**
 * For each source the UID of the message on the target that it is; undefined where it is to be added. A multiset: each
 * message of the target stands for one source, the earlier ones first.
 */
export const matchMessages = (
  sources: readonly SourceTraits[],
  targets: readonly TargetTraits[],
  { byMessageId }: MatchOptions,
): readonly (number | undefined)[] => {
  const matched: (number | undefined)[] = Array.from({ length: sources.length });
  const taken = new Set<number>();
  const trusted = trustedKeys(sources);
  const pass = (
    sourceKey: (source: SourceTraits) => string | undefined,
    targetKey: (target: TargetTraits) => string | undefined,
  ): void => {
    const free = grouped(
      targets.filter(({ uid }) => !taken.has(uid)),
      targetKey,
    );
    for (const [at, source] of sources.entries()) {
      const key = matched[at] === undefined ? sourceKey(source) : undefined;
      const target = key === undefined ? undefined : free.get(key)?.shift();
      if (target === undefined) continue;
      matched[at] = target.uid;
      taken.add(target.uid);
    }
  };
  const dated = ({ sha256, seconds }: SourceTraits | TargetTraits): string | undefined =>
    sha256 === undefined ? undefined : `${sha256} ${seconds}`;
  const whenTrusted = (traits: SourceTraits | TargetTraits): string | undefined => {
    const key = headerKey(traits);
    return key !== undefined && trusted.has(key) ? key : undefined;
  };
  pass(dated, dated);
  pass(whenTrusted, (target) => (target.sha256 === undefined ? whenTrusted(target) : undefined));
  pass(
    ({ sha256 }) => sha256,
    ({ sha256 }) => sha256,
  );
  pass(
    ({ sha256 }) => sha256,
    ({ unended }) => unended,
  );
  if (byMessageId) pass(idKey, idKey);
  return matched;
};
