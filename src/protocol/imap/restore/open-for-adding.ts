import type { AddedMessage, OpenTargetFolder } from '../../../contract/mail-target.ts';
import { displayText } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import type { Session } from '../connection/open-connection.ts';
import { aboutMailbox, readableAnswer } from '../connection/server-fault.ts';
import type { FolderNames } from '../scan/open-folder.ts';
import type { ResponseCode, Status } from '../wire/response.ts';
import { countOfUids, parseUidSet, uidsOf } from '../wire/uid-set.ts';
import { append, create, select, subscribe } from '../wire/writing-commands.ts';
import type { JournaledMessage } from './append-journal.ts';

/** A command for every message costs a server that writes to a disk more than the messages themselves. */
const messagesTogether = 32;

export interface AddingOptions {
  readonly create: boolean;
  readonly subscribe: boolean;
  /** Told of every message of which the server says as which it was stored. */
  added(uidValidity: number, messages: readonly JournaledMessage[]): Promise<void>;
}

/** Makes the folder where it is to be made, and opens it to learn which flags it keeps. */
export const openForAdding = async (
  session: Session<'writing'>,
  names: FolderNames,
  how: AddingOptions,
): Promise<OpenTargetFolder> => {
  const { connection, utf8 } = session;
  if (how.create) await make(session, names);
  if (how.subscribe) await connection.attempt(subscribe(names.wire, utf8));
  let permanent: string | undefined;
  const learn = (code: ResponseCode | undefined): void => {
    if (code?.name === 'PERMANENTFLAGS') permanent = code.argument;
  };
  const opened = await connection.attempt(select(names.wire, utf8), {
    response: (response) => {
      if (response.kind === 'condition') learn(response.code);
    },
  });
  if (opened.condition !== 'OK') throw aboutMailbox(connection.refusal(opened, 'SELECT'), names.name);
  if (opened.code?.name === 'READ-ONLY') throw readOnly(names);
  return {
    keeps: keeperOf(permanent),
    together: connection.offers('MULTIAPPEND') ? messagesTogether : 1,
    add: async (messages) => {
      const answer = await add(session, names, messages);
      if (answer instanceof Fault) return answer;
      await tellAdded(answer, messages, how);
      return undefined;
    },
  };
};

const make = async ({ connection, utf8 }: Session<'writing'>, { name, wire }: FolderNames): Promise<void> => {
  const made = await connection.attempt(create(wire, utf8));
  // Somebody else, or an earlier try of ours whose answer was lost.
  if (made.condition === 'OK' || made.code?.name === 'ALREADYEXISTS' || /exists/i.test(made.text)) return;
  throw aboutMailbox(connection.refusal(made, 'CREATE'), name);
};

const readOnly = ({ name }: FolderNames): Fault =>
  new Fault('read-only', `${displayText(name)}: the server opens this folder for reading only`, {
    hint: 'Restore into another folder with --map-folder, or ask its owner for the right to add messages.',
  });

/** RFC 3501 section 7.1: without PERMANENTFLAGS all flags are kept. An atom alone can be a keyword. */
const keeperOf = (permanent: string | undefined): ((flag: string) => boolean) => {
  const listed = permanent?.toLowerCase().match(/[^\s()]+/g) ?? [];
  const kept = new Set(listed);
  const anyKeyword = permanent === undefined || kept.has('\\*');
  return (flag) => {
    if (!/^\\?[^\\\x00-\x20\x7f-\uffff(){%*"\]]+$/.test(flag)) return false;
    if (kept.has(flag.toLowerCase()) || permanent === undefined) return flag.toLowerCase() !== '\\recent';
    return anyKeyword && !flag.startsWith('\\');
  };
};

const add = async (
  { connection, utf8 }: Session<'writing'>,
  { name, wire }: FolderNames,
  messages: readonly AddedMessage[],
): Promise<Fault | Status> => {
  const appended = messages.map(({ flags, seconds, zoneMinutes, size, bytes }) => ({
    flags,
    date: { seconds, zoneMinutes },
    content: { length: size, bytes },
  }));
  const answer = await connection.attempt(append(wire, appended, { eightBit: utf8 }));
  if (answer.condition === 'OK') return answer;
  return isOverQuota(answer) ? overQuota(answer) : aboutMailbox(connection.refusal(answer, 'APPEND'), name);
};

/** APPENDUID, RFC 4315: a UID for each message, in their order. What a server says otherwise is not believed. */
const tellAdded = async (
  { code }: Status,
  messages: readonly AddedMessage[],
  { added }: AddingOptions,
): Promise<void> => {
  const [, uidValidity, set = ''] =
    /^(\d{1,10}) ([\d:,]+)$/.exec(code?.name === 'APPENDUID' ? code.argument : '') ?? [];
  if (uidValidity === undefined || !/^\d{1,10}(?::\d{1,10})?(?:,\d{1,10}(?::\d{1,10})?)*$/.test(set)) return;
  const uids = parseUidSet(set);
  if (countOfUids(uids) !== messages.length) return;
  const told = [...uidsOf(uids)].flatMap((uid, at) => {
    const message = messages[at];
    return message === undefined ? [] : [{ uid, size: message.size, seconds: message.seconds, sha256: message.sha256 }];
  });
  await added(Number(uidValidity), told);
};

const isOverQuota = ({ code, text }: Status): boolean => code?.name === 'OVERQUOTA' || /quota/i.test(text);

const overQuota = (answer: Status): Fault =>
  new Fault('quota-exceeded', `the mailbox is full: "${readableAnswer(answer)}"`, {
    hint: 'Make room in the account or have its quota raised, then run the same command again: it goes on where it stopped.',
  });
