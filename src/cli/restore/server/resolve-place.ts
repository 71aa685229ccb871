import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Fault } from '../../../model/fault.ts';
import { whyNotPlausible } from '../../../model/plausible-place.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';

/** Where something of a backup goes. */
export interface ResolvedPlace {
  /** Absolute; the folder that it lies in, with links resolved as far as it is there. */
  readonly folder: string;
  readonly name: string;
}

export interface PlaceWish {
  /** Absolute. */
  readonly place: string;
  /** Undefined: in the place itself. */
  readonly into: string | undefined;
  /** Of the backup, where it lies on a disk. */
  readonly backup: string | undefined;
}

/** The real path of what is there of it, and the rest as it is. */
const realAsFar = async (path: string): Promise<string> => {
  try {
    return await realpath(path);
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT' || path === '/') throw errnoFault(error, 'look at', path);
    return join(await realAsFar(dirname(path)), basename(path));
  }
};

const refuse = (place: string, why: string): Fault =>
  new Fault('target-unsafe', `nothing is restored to ${place}: ${why}`, {
    hint: 'Give --into FOLDER, and put it into place by hand; or look at the paths of the server in mailkeep.yaml.',
    context: { place },
  });

/**
 * Looks where a place really is: it may be, or lie behind, a link. Faults: `target-unsafe` for one that cannot be meant, or that leads
 * out of the folder that all is to be restored into.
 */
export const resolvePlace = async ({ place, into, backup }: PlaceWish): Promise<ResolvedPlace> => {
  const given = whyNotPlausible(place, into === undefined ? backup : undefined);
  if (given !== undefined) throw refuse(place, given);
  if (into === undefined) {
    const real = await realAsFar(place);
    const found = whyNotPlausible(real, backup);
    if (found !== undefined) throw refuse(place, found);
    return { folder: dirname(real), name: basename(real) };
  }
  const root = await realAsFar(into);
  const folder = await realAsFar(join(root, dirname(place)));
  if (folder !== root && !folder.startsWith(`${root === '/' ? '' : root}/`)) {
    throw refuse(join(into, place), `a link there leads out of ${into}`);
  }
  return { folder, name: basename(place) };
};
