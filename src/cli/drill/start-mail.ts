import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { StartedMail } from '../../contract/drill.ts';
import type { Run } from '../../contract/run.ts';
import type { MailServerWish } from '../../operation/drill/drill-parts.ts';
import type { LiveContainer } from '../../registry/drill-containers.ts';
import { throwawayMail } from '../../registry/drill.ts';
import { createAccountNames } from '../../system/account-name.ts';
import { errnoFault } from '../../system/errno.ts';
import { makeFolder } from '../../system/make-folder.ts';
import { type Attempt, type SitesWish, startSomewhere } from './drill-sites.ts';
import type { ScratchPlace } from './scratch-place.ts';

export interface MailStart extends MailServerWish {
  readonly scheme: string;
  readonly place: ScratchPlace;
  readonly sites: SitesWish;
  /** Compose files of the live server. */
  readonly live: readonly LiveContainer[];
}

/** By their names, as Dovecot wants them. */
const ownNames = (): { readonly name: string; readonly group: string } => {
  const { username, gid } = userInfo();
  return { name: username, group: createAccountNames().group(gid) };
};

/** To become the owners of mailboxes, and to part its processes from one another. */
const capabilities = ['SETUID', 'SETGID', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SYS_CHROOT', 'KILL'];

/** Starts a mail server on restored mailboxes, where its programs are. Fault `server-unavailable`. */
export const startMail = async (
  { mailboxes, keys, scheme, place, sites, live }: MailStart,
  run: Run,
): Promise<StartedMail> => {
  const { isRoot, setting } = sites;
  const user = isRoot ? undefined : ownNames();
  const { noteService } = place;
  let attempts = 0;
  const newFolder = async (): Promise<string> => {
    const folder = join(place.dovecot, String(++attempts));
    await makeFolder(folder, 0o711).catch((error: unknown) => {
      throw errnoFault(error, 'make the folder', folder);
    });
    return folder;
  };
  const start = async ({ site, folder }: Attempt, of: Run): Promise<StartedMail | undefined> => {
    const mail = await throwawayMail({ folder, mailboxes, scheme, keys, site, user, noteService }, of);
    return mail === undefined ? undefined : { kind: 'started', mail };
  };
  // Its users are those of the image, which knows none but the superuser for certain.
  const own: SitesWish = isRoot ? sites : { ...sites, setting: { ...setting, use: 'never' } };
  const folders = [place.dovecot, place.mail, place.made];
  return startSomewhere(own, { program: 'dovecot', live, makeFolder: newFolder, folders, capabilities }, start, run);
};
