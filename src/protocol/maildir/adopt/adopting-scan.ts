import type { AccountScan, ScannedBlock, ScannedFolder, ScannedMessage } from '../../../contract/account-scan.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import type { Delivery } from '../../../contract/source.ts';
import { differenceOf } from '../../../mail/direct/ledger.ts';
import { asFault, Fault } from '../../../model/fault.ts';
import type { AdoptionPlan, FolderAdoption } from './adoption-plan.ts';
import { oldMessageBytes, type OldMessage } from './old-message.ts';

/**
 * The account as far as the old tree has it: messages come from there, and those that it has not are as if they were not
 * there. A mirror takes them in on the same way as from the server, flags and dates being the server's. A folder that the plan
 * could not read stays as it is, for the next run.
 */
export const adoptingScan = (scan: AccountScan, plan: AdoptionPlan): AccountScan => {
  const unread = new Map(plan.unread.map(({ name, fault }) => [name, fault]));
  const folders = new Map(plan.folders.map((folder) => [`${folder.uidValidity} ${folder.name}`, folder]));
  const adoptionOf = ({ name, uidValidity }: { readonly name: string; readonly uidValidity: number }) =>
    folders.get(`${uidValidity} ${name}`);
  return {
    description: scan.description,
    folders: async function* (base, run) {
      for await (const scanned of scan.folders(base, run)) {
        const fault = scanned.kind === 'listed' ? unread.get(scanned.state.name) : undefined;
        if (scanned.kind !== 'listed') yield scanned;
        else if (fault !== undefined) yield { kind: 'carried', name: scanned.state.name, fault };
        else yield adopted(scanned, adoptionOf(scanned.state));
      }
    },
    counts: () => scan.counts(),
    read: (place, uids, run) => readOld(adoptionOf(place), uids, run),
    headers: (place, uids, run) => scan.headers(place, uids, run),
    close: () => scan.close(),
  };
};

type ListedFolder = Extract<ScannedFolder, { readonly kind: 'listed' }>;

const adopted = (scanned: ListedFolder, adoption: FolderAdoption | undefined): ListedFolder => {
  const left = adoption?.left ?? [];
  const why = { kind: 'missing', reason: 'the next run fetches it' } as const;
  const missing = left.length === 0 ? [] : [differenceOf(left, why)];
  return {
    ...scanned,
    // What the mirror is to know of changes holds for a folder that is whole: the next run is to ask for everything.
    state: { ...scanned.state, highestModSeq: undefined },
    differences: [...scanned.differences, ...missing],
    blocks: adoptedBlocks(scanned.blocks, adoption),
  };
};

async function* adoptedBlocks(
  blocks: AsyncIterable<ScannedBlock>,
  adoption: FolderAdoption | undefined,
): AsyncGenerator<ScannedBlock, void> {
  for await (const block of blocks) {
    if (block.kind === 'same') yield block;
    else yield { ...block, messages: block.messages.flatMap((message) => kept(message, adoption) ?? []) };
  }
}

const kept = (message: ScannedMessage, adoption: FolderAdoption | undefined): ScannedMessage | undefined => {
  if (message.kind !== 'fresh') return message;
  // The mirror has it already, and whether it is right is for a run to find out.
  if (message.isKnown) return { kind: 'known', uid: message.uid };
  return adoption?.messages.has(message.uid) === true ? message : undefined;
};

async function* readOld(
  adoption: FolderAdoption | undefined,
  uids: readonly number[],
  run: Run,
): AsyncGenerator<Delivery, void> {
  for (const [request, uid] of uids.entries()) {
    throwIfInterrupted(run);
    const message = adoption?.messages.get(uid);
    if (message === undefined) throw new Fault('internal', 'a message was asked for that is not in the old mirror');
    yield* deliver(message, request);
  }
}

async function* deliver(message: OldMessage, request: number): AsyncGenerator<Delivery, void> {
  let position = 0;
  let fault: Fault | undefined;
  try {
    for await (const bytes of oldMessageBytes(message)) {
      const piece = { request, position, start: 0, length: bytes.length };
      position += bytes.length;
      yield { bytes, pieces: [piece], verdicts: [] };
    }
    if (position !== message.size) {
      fault = new Fault(
        'entry-changed',
        'the message in the old mirror has changed meanwhile; the next run fetches it',
      );
    }
  } catch (error) {
    fault = asFault(error);
  }
  const verdict =
    fault === undefined ? ({ kind: 'complete', bytes: position } as const) : { kind: 'failed' as const, fault };
  yield { bytes: new Uint8Array(0), pieces: [], verdicts: [{ request, verdict }] };
}
