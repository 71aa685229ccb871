import { interrupted, type Run, throwIfInterrupted } from '../../contract/run.ts';
import { Fault } from '../../model/fault.ts';
import { openSftpSession, type SftpSession, type SftpStream } from './session.ts';

/** Makes streams to an SFTP server. */
export interface SftpTransport {
  /** How many it can have at once. */
  readonly streams: number;
  open(): Promise<SftpStream>;
  /** Ends everything, also what is only being made. */
  close(): void;
}

interface Slot {
  readonly session: Promise<SftpSession>;
  opened: SftpSession | undefined;
  users: number;
}

/** Lends sessions, made when they are needed, several calls to one when there are more calls than sessions. */
export interface SftpPool {
  use<T>(run: Run, work: (session: SftpSession) => Promise<T>): Promise<T>;
  close(): void;
}

/** How long what is under way may take to end in good order once it is cancelled. */
const graceMilliseconds = 5000;

/** The promise, or `interrupted` as soon as the run is cancelled. */
const unlessInterrupted = async <T>(promise: Promise<T>, { signal }: Run): Promise<T> => {
  let stop = (): void => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(interrupted(signal.reason));
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
};

/** Ends the session when it does not come to an end soon after the run was cancelled: the server may hang. */
const endWhenCancelled = (session: SftpSession, { signal }: Run): (() => void) => {
  let timer: NodeJS.Timeout | undefined;
  const start = (): void => {
    timer = setTimeout(() => session.destroy(), graceMilliseconds);
  };
  signal.addEventListener('abort', start, { once: true });
  return () => {
    signal.removeEventListener('abort', start);
    clearTimeout(timer);
  };
};

const lend = async <T>(session: SftpSession, run: Run, work: (session: SftpSession) => Promise<T>): Promise<T> => {
  const stop = endWhenCancelled(session, run);
  try {
    throwIfInterrupted(run);
    return await work(session);
  } catch (error) {
    if (run.signal.aborted && session.ended) throw interrupted(error);
    throw error;
  } finally {
    stop();
  }
};

/** The sessions that there are or that are being made. */
const createSlots = (transport: SftpTransport) => {
  const slots: Slot[] = [];
  let most = transport.streams;
  const drop = (slot: Slot): void => {
    const at = slots.indexOf(slot);
    if (at >= 0) slots.splice(at, 1);
  };
  const open = (): Slot => {
    const slot: Slot = { users: 0, opened: undefined, session: transport.open().then(openSftpSession) };
    slot.session.then(
      (session) => {
        slot.opened = session;
      },
      () => drop(slot),
    );
    slots.push(slot);
    return slot;
  };
  return {
    all: slots,
    /** The least used one, or a new one while there may be more. */
    pick: (): Slot => {
      for (const slot of slots.filter(({ opened }) => opened?.ended === true)) drop(slot);
      const [found] = slots.toSorted((left, right) => left.users - right.users);
      return found === undefined || (found.users > 0 && slots.length < most) ? open() : found;
    },
    /** In place of one that could not be made: a server that allows no further session still has the ones there are. */
    other: (): Slot | undefined => {
      const found = slots.find(({ opened }) => opened?.ended === false);
      if (found !== undefined) most = Math.max(1, slots.length);
      return found;
    },
  };
};

export const createSftpPool = (transport: SftpTransport): SftpPool => {
  const slots = createSlots(transport);
  let closed = false;

  const sessionOf = async (slot: Slot, run: Run): Promise<SftpSession> => {
    try {
      return await unlessInterrupted(slot.session, run);
    } catch (error) {
      const other = run.signal.aborted ? undefined : slots.other();
      if (other?.opened === undefined) throw error;
      return other.opened;
    }
  };

  return {
    use: async (run, work) => {
      throwIfInterrupted(run);
      if (closed) throw new Fault('internal', 'this SFTP backend is closed');
      const slot = slots.pick();
      slot.users++;
      try {
        return await lend(await sessionOf(slot, run), run, work);
      } finally {
        slot.users--;
      }
    },
    close: () => {
      closed = true;
      for (const { opened } of slots.all) opened?.destroy();
      transport.close();
    },
  };
};
