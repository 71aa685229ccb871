import { displayText } from '../../model/byte-string.ts';
import type { Entry } from '../../model/entry.ts';
import { formatBytes } from '../../model/size.ts';
import { goJsonText, goJsonTextOfBytes } from '../../store/restic/format/go-quote.ts';
import { formatTime, localOffsetMinutes } from '../../store/restic/format/time-format.ts';
import { goModeOf, nodeTypeNames, type TreeNode } from '../../store/restic/format/tree-format.ts';
import type { ListedNode } from '../../store/restic/read/tree-listing.ts';
import { localTime } from './local-time.ts';

const typeLetters = 'dalTLDpSugct?';
const permissionLetters = 'rwxrwxrwx';

/** `drwxr-xr-x`: a mode as Go writes it, which is `ls`'s but for devices and special bits. */
export const permissionsOf = ({ type, mode }: Pick<Entry, 'type' | 'mode'>): string => {
  const goMode = goModeOf(type, mode);
  const has = (bit: number): boolean => Math.floor(goMode / 2 ** bit) % 2 === 1;
  const letters = [...typeLetters].filter((_letter, at) => has(31 - at)).join('');
  return (letters || '-') + [...permissionLetters].map((letter, at) => (has(8 - at) ? letter : '-')).join('');
};

/** One line for people: the path, in the long form with mode, owner, size and time before it. */
export const nodeLine = (
  { path, node }: ListedNode,
  { long, humanReadable }: { readonly long: boolean; readonly humanReadable: boolean },
): string => {
  const shown = displayText(path);
  if (!long) return shown;
  const { entry } = node;
  const size = humanReadable ? formatBytes(entry.size).padStart(11) : String(entry.size).padStart(6);
  const owner = `${String(entry.uid).padStart(5)} ${String(entry.gid).padStart(5)}`;
  const target = entry.linkTarget === undefined ? '' : ` -> ${displayText(entry.linkTarget)}`;
  return `${permissionsOf(entry)} ${owner} ${size} ${localTime(entry.mtime)} ${shown}${target}`;
};

const times = ({ entry, offsets }: TreeNode): string => {
  const time = (name: 'mtime' | 'atime' | 'ctime', at: 0 | 1 | 2): string =>
    `"${name}":"${formatTime(entry[name], offsets?.[at] ?? localOffsetMinutes(entry[name]))}"`;
  return [time('mtime', 0), time('atime', 1), time('ctime', 2)].join(',');
};

const optional = (name: string, value: number | bigint): string => (BigInt(value) === 0n ? '' : `,"${name}":${value}`);

/** A line of `ls --json`, members as restic's. */
export const listedJson = ({ path, node }: ListedNode): string => {
  const { entry } = node;
  const size = entry.type === 'file' ? `,"size":${entry.size}` : '';
  return (
    `{"name":"${goJsonTextOfBytes(entry.name)}","type":"${nodeTypeNames[entry.type]}","path":"${goJsonTextOfBytes(path)}"` +
    `,"uid":${entry.uid},"gid":${entry.gid}${size}${optional('mode', goModeOf(entry.type, entry.mode))}` +
    `,"permissions":"${permissionsOf(entry)}",${times(node)}${optional('inode', entry.inode)}` +
    `,"message_type":"node","struct_type":"node"}`
  );
};

const linkTargetOf = ({ linkTarget }: Entry): string =>
  linkTarget === undefined ? '' : `,"linktarget":"${goJsonTextOfBytes(linkTarget)}"`;

/** A match of `find --json`, members as restic's. */
export const matchJson = ({ path, node }: ListedNode): string => {
  const { entry } = node;
  const text = (name: string, value: string): string => (value === '' ? '' : `,"${name}":"${goJsonText(value)}"`);
  return (
    `{"path":"${goJsonTextOfBytes(path)}","permissions":"${permissionsOf(entry)}"` +
    `,"type":"${nodeTypeNames[entry.type]}"${optional('mode', goModeOf(entry.type, entry.mode))},${times(node)}` +
    `,"uid":${entry.uid},"gid":${entry.gid}${text('user', entry.user)}${text('group', entry.group)}` +
    `${optional('inode', entry.inode)}${optional('device_id', entry.deviceId)}${optional('size', entry.size)}` +
    `${optional('links', entry.links)}${linkTargetOf(entry)}}`
  );
};
