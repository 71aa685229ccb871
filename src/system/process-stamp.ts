import { readFileSync, readlinkSync } from 'node:fs';

/** What tells one process from all others, also from one that gets its number later. */
export interface ProcessStamp {
  readonly pid: number;
  /** When it started, in the kernel's ticks since the machine did. */
  readonly start: string;
  /** The kernel's id of this start of the machine; containers have that of their host. */
  readonly boot: string;
  /** The namespace in which `pid` counts: every container has its own. */
  readonly namespace: string;
  readonly machine: string;
}

export type ProcessFate = 'running' | 'over' | 'unknown';

/** The namespace of a machine that is no container (PROC_PID_INIT_INO of Linux). */
const outermost = 'pid:[4026531836]';

/** Field 22 of proc_pid_stat(5). The name in field 2 may hold anything, but nothing after it a parenthesis. */
const startOf = (pid: number | 'self'): string | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
};

/** The stamp of this process; undefined where the system does not say (it needs Linux's /proc). */
export const ownProcessStamp = (): ProcessStamp | undefined => stampOfProcess(process.pid);

/** The stamp of a process of this machine that runs now. */
export const stampOfProcess = (pid: number): ProcessStamp | undefined => {
  try {
    const start = startOf(pid === process.pid ? 'self' : pid);
    if (start === undefined) return undefined;
    return {
      pid,
      start,
      boot: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(),
      namespace: readlinkSync('/proc/self/ns/pid'),
      machine: readFileSync('/etc/machine-id', 'latin1').trim(),
    };
  } catch {
    return undefined;
  }
};

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
};

/**
 * Whether a process is over, as the process `here` can prove it. A number says nothing across containers, and neither does
 * a start of another machine: then the answer is `unknown`.
 */
export const fateOfProcess = (stamp: ProcessStamp, here = ownProcessStamp()): ProcessFate => {
  if (here === undefined || here.machine !== stamp.machine) return 'unknown';
  if (here.boot !== stamp.boot) {
    // Images carry one machine id to many hosts; outside of containers it is the machine's own.
    return here.namespace === outermost && stamp.namespace === outermost ? 'over' : 'unknown';
  }
  if (here.namespace !== stamp.namespace) return 'unknown';
  if (!isThere(stamp.pid)) return 'over';
  const start = startOf(stamp.pid);
  return start !== undefined && start !== stamp.start ? 'over' : 'running';
};

/** Whether it is proven that the very process runs now: no other has its number, and this machine was not restarted. */
export const isStillRunning = (stamp: ProcessStamp): boolean => {
  const now = stampOfProcess(stamp.pid);
  return now !== undefined && now.start === stamp.start && now.boot === stamp.boot && now.namespace === stamp.namespace;
};
