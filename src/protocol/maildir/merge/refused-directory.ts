import { boxStoreOf } from '../../../mail/merge/living-file.ts';
import type { ByteString } from '../../../model/byte-string.ts';
import type { Path } from '../../../model/entry.ts';
import { asFault, Fault } from '../../../model/fault.ts';
import { joinedPath, refusalOfPath } from '../../files/target-name.ts';
import type { Planning } from './planning.ts';

/** `fault`: to be told; it was told already when there is none. */
export interface Refusal {
  readonly path: ByteString;
  readonly fault: Fault | undefined;
}

/** Why nothing of a directory comes. */
export const refusalOf = (planning: Planning, path: Path): Refusal | undefined => {
  const unsafe = refusalOfPath(path);
  if (unsafe !== undefined) return { path: joinedPath(path), fault: unsafe };
  const once = (place: Path, fault: Fault): Refusal => {
    const key = joinedPath(place);
    const isFirst = !planning.told.has(key);
    planning.told.add(key);
    return { path: key, fault: isFirst ? fault : undefined };
  };
  try {
    const living = planning.tree.at(path);
    if (living.kind === 'obstructed') return once(path.slice(0, living.depth), notThrough());
    const box = boxOf(planning, path);
    return box === undefined ? undefined : once(box, noMerging());
  } catch (error) {
    return once(path, asFault(error));
  }
};

/** The folder of sdbox or mdbox in which a path lies, if it is there. */
const boxOf = ({ boxes, tree }: Planning, path: Path): Path | undefined => {
  const store = boxStoreOf(path);
  if (store !== undefined) boxes.add(joinedPath(store));
  for (let depth = path.length; depth >= 0; depth--) {
    const above = path.slice(0, depth);
    if (boxes.has(joinedPath(above))) return tree.at(above).kind === 'present' ? above : undefined;
  }
  return undefined;
};

const notThrough = (): Fault =>
  new Fault('target-occupied', 'something that is no directory is in the way, such as a link to one', {
    hint: 'Restore that folder by itself, to where the link leads.',
  });

const noMerging = (): Fault =>
  new Fault('unsupported', 'mail in the format of sdbox or mdbox cannot be merged into mail that is there', {
    hint: 'Restore it into an empty folder, and have Dovecot bring it over: doveadm import.',
  });
