import type { ByteString } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import { aboutMailbox } from '../connection/server-fault.ts';
import { limits, misbehaved } from '../wire/limits.ts';
import { examine, type KnownState } from '../wire/reading-commands.ts';
import type { FlagSet } from '../wire/flag-set.ts';
import type { Response } from '../wire/response.ts';
import type { UidRange } from '../wire/uid-set.ts';
import type { PooledSession } from './session-pool.ts';

/** A folder by its name with us and its name on the wire. */
export interface FolderNames {
  readonly name: ByteString;
  readonly wire: ByteString;
}

/** A folder that a connection has open, and what the server has said of it since. */
export interface OpenFolder {
  readonly uidValidity: number;
  uidNext: number;
  /** Messages as the server counts them, every EXPUNGE and VANISHED taken off. */
  exists: number;
  /** 0: it keeps none (NOMODSEQ). */
  highestModseq: bigint;
  /** UIDs that the server calls gone. */
  readonly vanished: UidRange[];
  /** Flags that changed since the state that was named, by UID; only after a resync. */
  readonly changed: Map<number, FlagSet>;
}

interface Opening {
  /** What is told is about this folder, and no longer about the one that was open before. */
  isBegun: boolean;
  uidValidity: number | undefined;
  uidNext: number | undefined;
  readonly folder: Omit<OpenFolder, 'uidValidity'>;
}

export interface OpeningOptions {
  /** What is known of the folder, for a server that can tell what is other than that. */
  readonly resync?: KnownState | undefined;
  /** Called at the server's answer, before anything that follows it is heard. */
  readonly answered?: () => void;
}

/**
 * Opens it for reading only. Rejects with the server's refusal, which names the folder. As long as the server is not at
 * EXAMINE, it may tell of the folder that was open before (RFC 9051 section 6.3.2): that counts for nothing. It closes that
 * one with CLOSED (RFC 7162 section 3.2.11), or else begins this one with its UIDVALIDITY.
 */
export const openFolder = async (
  session: PooledSession,
  names: FolderNames,
  { resync, answered }: OpeningOptions = {},
): Promise<OpenFolder> => {
  const { connection, condstore, qresync, utf8 } = session;
  const opening: Opening = {
    isBegun: session.opened === undefined,
    uidValidity: undefined,
    uidNext: undefined,
    folder: { uidNext: 1, exists: 0, highestModseq: 0n, vanished: [], changed: new Map() },
  };
  session.opened = undefined;
  let isAnswered = false;
  connection.watcher = (response) => {
    listen(opening, response);
    if (response.kind === 'tagged' && !isAnswered) answered?.();
    isAnswered ||= response.kind === 'tagged';
  };
  const command = examine(names.wire, { condstore, resync: qresync ? resync : undefined, eightBit: utf8 });
  const status = await connection.attempt(command, {
    fetched: ({ uid, flags }) => {
      if (!opening.isBegun) return;
      if (opening.folder.changed.size >= limits.messages) throw misbehaved('more messages than any folder has');
      if (uid !== undefined && flags !== undefined) opening.folder.changed.set(uid, flags);
    },
  });
  if (status.condition !== 'OK') throw aboutMailbox(connection.refusal(status, 'EXAMINE'), names.name);
  const { uidValidity, uidNext } = opening;
  if (uidValidity === undefined || !(uidValidity > 0 && uidValidity <= 0xffff_ffff)) {
    throw aboutMailbox(misbehaved('a folder without UIDVALIDITY'), names.name);
  }
  session.opened = { folder: names.name, uidValidity };
  // The object that is handed out goes on hearing.
  const opened: OpenFolder = Object.assign(opening.folder, { uidValidity, uidNext: uidNext ?? 1 });
  return opened;
};

const listen = (opening: Opening, response: Response): void => {
  const { folder } = opening;
  opening.isBegun ||= beginsAnother(response);
  switch (response.kind) {
    case 'exists':
      folder.exists = response.count;
      break;
    case 'expunge':
      folder.exists = Math.max(0, folder.exists - 1);
      break;
    case 'vanished':
      // EARLIER is an answer to EXAMINE itself.
      if (!opening.isBegun && !response.earlier) break;
      if (folder.vanished.length > limits.messages) throw misbehaved('more messages are gone than any folder has');
      for (const range of response.uids) {
        folder.vanished.push(range);
        if (!response.earlier) folder.exists = Math.max(0, folder.exists - (range.last - range.first + 1));
      }
      break;
    case 'condition':
    case 'tagged':
      if (response.code !== undefined) learn(opening, response.code.name, response.code.argument);
      break;
    default:
  }
};

const beginsAnother = (response: Response): boolean =>
  response.kind === 'condition' && (response.code?.name === 'CLOSED' || response.code?.name === 'UIDVALIDITY');

const learn = (opening: Opening, name: string, argument: string): void => {
  if (!/^\d{1,20}$/.test(argument)) return;
  if (name === 'UIDVALIDITY') opening.uidValidity = Number(argument);
  if (name === 'UIDNEXT') {
    opening.uidNext = Number(argument);
    opening.folder.uidNext = Number(argument);
  }
  if (name === 'HIGHESTMODSEQ') opening.folder.highestModseq = BigInt(argument);
};

/** Opens the folder of this generation, unless it is open already. */
export const openGeneration = async (
  session: PooledSession,
  names: FolderNames,
  uidValidity: number,
): Promise<void> => {
  const { opened } = session;
  if (opened?.folder === names.name && opened.uidValidity === uidValidity) return;
  const folder = await openFolder(session, names);
  if (folder.uidValidity === uidValidity) return;
  throw aboutMailbox(
    new Fault('entry-changed', 'the server has given the folder another UIDVALIDITY since it was looked at', {
      hint: 'The next run takes it in as it is then.',
      retry: false,
    }),
    names.name,
  );
};
