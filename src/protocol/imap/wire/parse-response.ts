import { type ByteString, byteStringOfLatin1 } from '../../../model/byte-string.ts';
import { type Cursor, isList, isText, type Value } from './cursor.ts';
import type { Condition, MailboxStatus, Namespace, Response, Status } from './response.ts';
import { misbehaved } from './limits.ts';
import { parseUidSet, uidSetOf } from './uid-set.ts';

const conditions: ReadonlySet<string> = new Set(['OK', 'NO', 'BAD', 'BYE', 'PREAUTH'] satisfies Condition[]);
const isCondition = (word: string): word is Condition => conditions.has(word);

/** A response that begins with neither `*` nor `+`: the answer to the command of that tag. */
export const parseTagged = (cursor: Cursor): Response => {
  const tag = cursor.atom();
  cursor.skipSpaces();
  const condition = cursor.atom().toUpperCase();
  if (!isCondition(condition)) throw misbehaved(`${cursor.around()} is no response`);
  return { kind: 'tagged', tag, ...parseStatus(cursor, condition) };
};

const parseStatus = (cursor: Cursor, condition: Condition): Status => {
  cursor.skipSpaces();
  if (cursor.peek() !== 0x5b) return { condition, code: undefined, text: cursor.rest() };
  const rest = cursor.rest();
  const end = codeEnd(rest);
  if (end < 0) return { condition, code: undefined, text: rest };
  const inside = rest.slice(1, end);
  const space = inside.indexOf(' ');
  const name = (space < 0 ? inside : inside.slice(0, space)).toUpperCase();
  const argument = byteStringOfLatin1(space < 0 ? '' : inside.slice(space + 1));
  return { condition, code: { name, argument }, text: byteStringOfLatin1(rest.slice(end + 1).trimStart()) };
};

/** The bracket that closes the code; quoted strings and lists in it may hold others. */
const codeEnd = (text: string): number => {
  let quoted = false;
  let depth = 0;
  for (let at = 1; at < text.length; at++) {
    const character = text[at];
    if (quoted && character === '\\') at++;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && character === '(') depth++;
    else if (!quoted && character === ')') depth--;
    else if (!quoted && depth <= 0 && character === ']') return at;
  }
  return text.indexOf(']');
};

/** A response after `* `, FETCH left out. */
export const parseUntagged = (cursor: Cursor): Response => {
  const first = cursor.peek();
  if (first >= 0x30 && first <= 0x39) return parseNumbered(cursor);
  const name = cursor.word().toUpperCase();
  cursor.skipSpaces();
  if (isCondition(name)) return { kind: 'condition', ...parseStatus(cursor, name) };
  switch (name) {
    case 'CAPABILITY':
      return { kind: 'capability', names: wordsOf(cursor) };
    case 'ENABLED':
      return { kind: 'enabled', names: wordsOf(cursor) };
    case 'LIST':
    case 'LSUB':
      return parseList(cursor, name);
    case 'STATUS':
      return { kind: 'status', status: parseMailboxStatus(cursor) };
    case 'NAMESPACE':
      return parseNamespaces(cursor);
    case 'SEARCH':
      return { kind: 'search', uids: parseSearch(cursor.rest()) };
    case 'ESEARCH':
      return parseEsearch(cursor);
    case 'FLAGS':
      return { kind: 'flags', flags: textsOf(cursor.value()) };
    case 'VANISHED':
      return parseVanished(cursor.rest());
    default:
      return { kind: 'other', name };
  }
};

const parseNumbered = (cursor: Cursor): Response => {
  const count = cursor.number();
  cursor.skipSpaces();
  const name = cursor.word().toUpperCase();
  if (name === 'EXISTS') return { kind: 'exists', count };
  if (name === 'EXPUNGE') return { kind: 'expunge', sequence: count };
  return { kind: 'other', name };
};

const wordsOf = (cursor: Cursor): string[] =>
  cursor
    .rest()
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => word.toUpperCase());

const textsOf = (value: Value): readonly ByteString[] => (isList(value) ? value.filter(isText) : []);

const parseList = (cursor: Cursor, command: 'LIST' | 'LSUB'): Response => {
  const attributes = textsOf(cursor.value());
  cursor.skipSpaces();
  const delimiter = cursor.string();
  cursor.skipSpaces();
  const name = mailboxName(cursor);
  return { kind: 'list', command, attributes, delimiter: delimiter === '' ? undefined : delimiter, name };
};

/** Some servers send names with spaces or parentheses as they are: then the name is all there is. */
const mailboxName = (cursor: Cursor): ByteString => {
  const first = cursor.peek();
  if (first !== 0x22 && first !== 0x7b && first !== 0x7e) {
    const rest = cursor.rest();
    const extended = / \(.*\)$/.exec(rest);
    return extended === null ? rest : byteStringOfLatin1(rest.slice(0, extended.index));
  }
  return cursor.string() ?? byteStringOfLatin1('NIL');
};

const parseMailboxStatus = (cursor: Cursor): MailboxStatus => {
  const name = statusName(cursor);
  const status: Record<string, number | bigint | ByteString> = {};
  cursor.skipSpaces();
  cursor.expect(0x28);
  for (cursor.skipSpaces(); !cursor.takes(0x29); cursor.skipSpaces()) {
    if (cursor.ended) throw misbehaved('a STATUS response does not end');
    const item = cursor.word().toUpperCase();
    cursor.skipSpaces();
    const value = cursor.value();
    const text = typeof value === 'string' ? value : (textsOf(value)[0] ?? '');
    if (item === 'MAILBOXID') status['mailboxId'] = byteStringOfLatin1(text);
    else if (!/^\d{1,20}$/.test(text)) continue;
    else if (item === 'HIGHESTMODSEQ') status['highestModseq'] = BigInt(text);
    else if (item in numberItems) status[numberItems[item] ?? ''] = Number(text);
  }
  return { name, ...status };
};

const numberItems: Readonly<Record<string, string>> = {
  MESSAGES: 'messages',
  UIDNEXT: 'uidNext',
  UIDVALIDITY: 'uidValidity',
  SIZE: 'size',
};

/** The name of a STATUS response; one that should have been quoted ends where the last list begins. */
const statusName = (cursor: Cursor): ByteString => {
  const first = cursor.peek();
  if (first === 0x22 || first === 0x7b || first === 0x7e) return cursor.string() ?? byteStringOfLatin1('NIL');
  const start = cursor.at;
  const text = cursor.bytes.toString('latin1', start, cursor.end);
  const name =
    /^(.*?) *\((?:(?:MESSAGES|RECENT|UNSEEN|UIDNEXT|UIDVALIDITY|HIGHESTMODSEQ|SIZE|MAILBOXID|DELETED)\b|\))/is.exec(
      text,
    )?.[1];
  if (name === undefined) throw misbehaved(`${cursor.around()} is no STATUS response`);
  cursor.at = start + name.length;
  return byteStringOfLatin1(name);
};

const parseNamespaces = (cursor: Cursor): Response => {
  const groups: Namespace[][] = [];
  for (let group = 0; group < 3; group++) {
    cursor.skipSpaces();
    if (cursor.ended) break;
    const value = cursor.value();
    groups.push(isList(value) ? value.flatMap(namespaceOf) : []);
  }
  return { kind: 'namespace', personal: groups[0] ?? [], all: groups.flat() };
};

const namespaceOf = (value: Value): Namespace[] => {
  if (!isList(value)) return [];
  const [prefix, delimiter] = value;
  return isText(prefix) ? [{ prefix, delimiter: isText(delimiter) ? delimiter : undefined }] : [];
};

/** `1 2 3`, perhaps with `(MODSEQ 917162500)` at the end. */
const parseSearch = (text: string): ReturnType<typeof uidSetOf> => {
  const numbers = text.replace(/\(.*$/, '').match(/\d+/g) ?? [];
  return uidSetOf(numbers.map(Number));
};

/** `(TAG "A1") UID COUNT 3 ALL 1:3` (RFC 4731). */
const parseEsearch = (cursor: Cursor): Response => {
  let all: ReturnType<typeof parseUidSet> | undefined;
  let count: number | undefined;
  if (cursor.peek() === 0x28) cursor.value();
  for (cursor.skipSpaces(); !cursor.ended; cursor.skipSpaces()) {
    const before = cursor.at;
    const item = cursor.word().toUpperCase();
    if (item === 'UID') continue;
    cursor.skipSpaces();
    const value = cursor.value();
    if (item === 'ALL' && typeof value === 'string') all = parseUidSet(value);
    if (item === 'COUNT' && typeof value === 'string') count = Number(value);
    if (cursor.at === before) throw misbehaved(`${cursor.around()} is no ESEARCH response`);
  }
  return { kind: 'esearch', all, count };
};

const parseVanished = (text: string): Response => {
  const earlier = /^\(EARLIER\)\s*/i.exec(text);
  return {
    kind: 'vanished',
    earlier: earlier !== null,
    uids: parseUidSet(text.slice(earlier?.[0].length ?? 0).trim()),
  };
};
