import { realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { endLeftContainer } from '../../registry/drill-containers.ts';
import { Fault } from '../../model/fault.ts';
import { errnoFault } from '../../system/errno.ts';
import { makeFolder } from '../../system/make-folder.ts';
import { clearLeftFolders, makeScratchFolder, type ScratchFolder } from '../../system/scratch-folder.ts';
import type { CommandContext } from '../context.ts';

/** Folders of a drill, all below one that is thrown away. */
export interface ScratchPlace extends Pick<ScratchFolder, 'noteService' | 'noteContainer' | 'remove'> {
  /** Mail: others can go through it. */
  readonly mail: string;
  /** Keys, configuration, dumps: for us alone. */
  readonly closed: string;
  /** Of the throw-away mail server. */
  readonly dovecot: string;
  readonly postfix: string;
  /** Each database of the drill gets a folder in it, which nobody else can look into, and each webmail. */
  readonly services: string;
  /** Mailboxes that are not in the backup: others can go through it. */
  readonly made: string;
}

const prefix = 'mailkeep-drill-';

/** Fault `configuration` where other users cannot go through the folder or one above: a mail server reads mail as the users whose it is. */
export const requirePassable = async (base: string): Promise<void> => {
  for (let path = await realpath(base).catch(() => base); ; path = dirname(path)) {
    const { mode } = await stat(path).catch((error: unknown) => {
      throw errnoFault(error, 'make a folder in', base, { ENOENT: 'configuration' });
    });
    if ((mode & 0o001) === 0) {
      throw new Fault(
        'configuration',
        `other users cannot go through ${path}, and the mail server of a drill reads mail as such`,
        {
          hint: 'Name another folder (drill: folder in the configuration; the default is /var/tmp), or chmod o+x it.',
          context: { path },
        },
      );
    }
    if (path === dirname(path)) return;
  }
};

/** Makes one, and takes away what drills that were killed have left, with the servers that they had started. */
export const makeScratchPlace = async (
  base: string,
  { run, messages, environment }: CommandContext,
): Promise<ScratchPlace> => {
  const cleared = await clearLeftFolders(base, prefix, (left) => endLeftContainer(left, environment.variables));
  if (cleared > 0) run.emit({ kind: 'notice', message: messages.drillCleared(cleared) });
  const { folder, noteService, noteContainer, remove } = await makeScratchFolder(base, prefix);
  const place = {
    mail: join(folder, 'mail'),
    closed: join(folder, 'closed'),
    dovecot: join(folder, 'dovecot'),
    postfix: join(folder, 'postfix'),
    made: join(folder, 'made'),
    services: join(folder, 'services'),
  };
  try {
    await makeFolder(place.mail, 0o711);
    await makeFolder(place.closed, 0o700);
    for (const path of [place.dovecot, place.postfix, place.made, place.services]) await makeFolder(path, 0o711);
  } catch (error) {
    await remove();
    throw errnoFault(error, 'make a folder in', folder);
  }
  return { ...place, noteService, noteContainer, remove };
};
