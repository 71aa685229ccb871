import { join } from 'node:path';
import { freePort } from '../servers/dovecot.ts';

/** Where the parts of a mail server lie, as in design 3.2, and where it listens. */
export interface StackPlaces {
  /** What is backed up lies below it, and what is not, such as the files of the database. */
  readonly root: string;
  /** Sockets, queues, processes: what a new machine makes anew. */
  readonly run: string;
  readonly socket: string;
  readonly imapPort: number;
  readonly smtpPort: number;
  /** The rest of the world: all mail that leaves goes there. */
  readonly outsidePort: number;
}

/** Neither a system account nor the superuser, which Dovecot refuses as the owner of mail. */
export const vmail = 23_450;

export const domain = 'example.com';
/** The name that certificate and banners have. */
export const hostName = 'localhost';

export const placesIn = async (folder: string): Promise<StackPlaces> => {
  const run = join(folder, 'run');
  return {
    root: join(folder, 'mailserver'),
    run,
    socket: join(run, 'mysqld/mysqld.sock'),
    imapPort: await freePort(),
    smtpPort: await freePort(),
    outsidePort: await freePort(),
  };
};
