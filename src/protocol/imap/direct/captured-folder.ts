import type { FolderState } from '../../../contract/account-scan.ts';
import type { NewHash } from '../../../mail/direct/hash.ts';
import type { FolderLedger, LedgerDifference } from '../../../mail/direct/ledger.ts';
import { type BlockRecord, encodeMailboxRecord, type MailboxRecord } from '../../../mail/direct/mailbox-record.ts';
import { mailboxText } from '../../../mail/mailbox-name.ts';
import { countedChange, type FolderChange } from '../../../model/damage-brake.ts';
import type { CapturedBlock } from './captured-block.ts';

/** So many differences of one folder are told one by one. */
const toldDifferences = 200;

/** One folder from its listing until all of its messages were read. */
export class CapturedFolder {
  readonly state: FolderState;
  /** The base's record of this name, of whatever generation. */
  readonly #before: MailboxRecord | undefined;
  readonly #onServer: number;
  readonly #differences: readonly LedgerDifference[];
  readonly #blocks: (BlockRecord | CapturedBlock)[] = [];
  /** Messages of the base that are still there. */
  #known = 0;

  constructor(
    state: FolderState,
    {
      before,
      onServer,
      differences,
    }: { before: MailboxRecord | undefined; onServer: number; differences: readonly LedgerDifference[] },
  ) {
    this.state = state;
    this.#before = before;
    this.#onServer = onServer;
    this.#differences = differences;
  }

  same(record: BlockRecord): void {
    this.#blocks.push(record);
    this.#known += record.count;
  }

  listed(block: CapturedBlock, known: number): void {
    this.#blocks.push(block);
    this.#known += known;
  }

  /** The bytes of `mailbox.json`; to be asked for when all of its blocks are finished. */
  record(newHash: NewHash): MailboxRecord & { readonly encoded: Uint8Array } {
    const blocks = this.#blocks.flatMap((block): BlockRecord[] => {
      const record = 'result' in block ? block.result?.record : block;
      return record === undefined || record.count === 0 ? [] : [record];
    });
    const messages = blocks.reduce((sum, { count }) => sum + count, 0);
    const isUnsettled = this.#results().some((result) => result.isUnsettled);
    const { highestModSeq } = this.state;
    const record: MailboxRecord = {
      ...this.state,
      highestModSeq: isUnsettled ? undefined : highestModSeq,
      messages,
      blocks,
    };
    return { ...record, encoded: encodeMailboxRecord(record, newHash) };
  }

  get left(): number {
    return this.#sum(({ left }) => left);
  }

  change(): FolderChange {
    const before = this.#before?.messages ?? 0;
    const isRenewed = this.#before !== undefined && this.#before.uidValidity !== this.state.uidValidity;
    const now = this.#onServer;
    return countedChange({
      folder: mailboxText(this.state.name),
      before,
      gone: before - this.#known,
      now,
      changedBodies: this.#sum(({ changedBodies }) => changedBodies),
      uidValidityChanged: isRenewed,
    });
  }

  ledger(newHash: NewHash): FolderLedger {
    const { name, uidValidity } = this.state;
    const results = this.#results();
    const isStored = (uid: number | undefined): boolean =>
      uid !== undefined && results.some((result) => result.has(uid));
    // Of what the server says nothing, the base may have the content.
    const ofServer = this.#differences.map((difference): LedgerDifference =>
      isStored(difference.uid) ? { ...difference, kind: 'different' } : difference,
    );
    return {
      name,
      uidValidity,
      onServer: this.#onServer - this.#sum(({ gone }) => gone) - this.left,
      inSnapshot: this.record(newHash).messages,
      differences: bounded([...ofServer, ...results.flatMap(({ differences }) => differences)]),
    };
  }

  #results() {
    return this.#blocks.flatMap((block) => ('result' in block && block.result !== undefined ? [block.result] : []));
  }

  #sum(of: (result: NonNullable<CapturedBlock['result']>) => number): number {
    return this.#results().reduce((total, result) => total + of(result), 0);
  }
}

/** Differences that make up the count stay, one by one; of the others, which a server may have in every message, enough to see. */
const bounded = (differences: readonly LedgerDifference[]): readonly LedgerDifference[] => {
  const counting = differences.filter(({ kind }) => kind !== 'different');
  const others = differences.filter(({ kind }) => kind === 'different');
  const left = others.length - toldDifferences;
  if (left <= 0) return differences;
  return [
    ...counting,
    ...others.slice(0, toldDifferences),
    { kind: 'different', reason: `and ${left} more of this folder` },
  ];
};
