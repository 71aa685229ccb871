import { readFile, stat, utimes } from 'node:fs/promises';
import { errnoCode } from './errno.ts';
import { fateOfProcess, ownProcessStamp, type ProcessFate, type ProcessStamp } from './process-stamp.ts';

/** Who holds a run lock, or reads what nobody may take away meanwhile. */
export interface RunHolder {
  /** Undefined where it is not known. */
  readonly pid: number | undefined;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** A file in which a process says that it is there, as it was found. */
export interface FoundHolder {
  readonly text: string;
  readonly holder: RunHolder;
  readonly process: ProcessStamp | undefined;
  /** Milliseconds. */
  readonly silentFor: number;
}

/** A holder shows every minute that it lives; where that cannot be asked of the system, this long a silence is its end. */
const heartbeat = 60_000;
const silence = 30 * 60_000;

interface HolderContent {
  readonly process: ProcessStamp | undefined;
  readonly pid: number | undefined;
  readonly since: number | undefined;
}

const contentOf = (text: string): HolderContent => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { process: undefined, pid: undefined, since: undefined };
  }
  const fields: Readonly<Record<string, unknown>> = typeof value === 'object' ? { ...value } : {};
  const { pid, start, boot, namespace, machine, since } = fields;
  const isStamp =
    typeof pid === 'number' &&
    typeof start === 'string' &&
    typeof boot === 'string' &&
    typeof namespace === 'string' &&
    typeof machine === 'string';
  return {
    process: isStamp ? { pid, start, boot, namespace, machine } : undefined,
    pid: typeof pid === 'number' ? pid : undefined,
    since: typeof since === 'number' ? since : undefined,
  };
};

/** What this process writes of itself. No two are the same when the token is not. */
export const ownHolderText = (token: string): string =>
  JSON.stringify({ ...ownProcessStamp(), pid: process.pid, since: Date.now(), token });

/** Undefined: there is no such file. Throws the system's error. */
export const lookAtHolder = async (path: string): Promise<FoundHolder | undefined> => {
  try {
    const [text, { mtimeMs }] = [await readFile(path, 'utf8'), await stat(path)];
    const { process: stamp, pid, since = mtimeMs } = contentOf(text);
    return { text, holder: { pid, since }, process: stamp, silentFor: Date.now() - mtimeMs };
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
};

export const isHolderDead = (
  { process: stamp, silentFor }: FoundHolder,
  fateOf: (stamp: ProcessStamp) => ProcessFate = (one) => fateOfProcess(one),
): boolean => {
  const fate = stamp === undefined ? 'unknown' : fateOf(stamp);
  return fate === 'over' || (fate === 'unknown' && silentFor > silence);
};

/** Shows from time to time that this process lives, until what is returned is called. */
export const showLife = (path: string): (() => void) => {
  const beat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, heartbeat);
  beat.unref();
  return () => clearInterval(beat);
};

/** For people. */
export const holderText = ({ pid, since }: RunHolder): string =>
  `${pid === undefined ? '' : `process ${pid}, `}since ${new Date(since).toISOString().slice(0, 16)}Z`;
