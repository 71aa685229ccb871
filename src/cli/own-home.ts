import { homedir, userInfo } from 'node:os';

/** The home that the system has for this user, whatever HOME says. */
export const ownHome = (): string => {
  try {
    return userInfo().homedir;
  } catch {
    // A container may run us under a number that no passwd file knows.
    return homedir();
  }
};
