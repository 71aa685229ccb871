import { hostname, userInfo } from 'node:os';

/** Who runs this program, and where. */
export interface ProcessIdentity {
  readonly hostname: string;
  /** Empty when the system has no name for the user. */
  readonly username: string;
  readonly uid: number;
  readonly gid: number;
  readonly pid: number;
}

const nameOfUser = (): string => {
  try {
    return userInfo().username;
  } catch {
    // A container may run us under a number that no passwd file knows.
    return '';
  }
};

export const processIdentity = (): ProcessIdentity => ({
  hostname: hostname(),
  username: nameOfUser(),
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
  pid: process.pid,
});
