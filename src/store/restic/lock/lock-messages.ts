import type { MasterKey } from '../sealing/envelope.ts';
import type { LockState } from './held-lock.ts';
import type { KeeperPace } from './lock-refresh.ts';
import type { PlainFault } from '../plain-fault.ts';

/** What the thread that keeps a lock is started with. */
export interface LockThreadSetup {
  /** Of the backend's entrance. */
  readonly module: string;
  readonly location: unknown;
  readonly master: MasterKey;
  readonly state: LockState;
  readonly pace: KeeperPace;
  /** The folder of the local records of locks. */
  readonly recordFolder: string | undefined;
}

export type ToLockThread = { readonly kind: 'stop' };

export type FromLockThread =
  | { readonly kind: 'refreshed'; readonly state: LockState }
  | { readonly kind: 'trouble'; readonly fault: PlainFault }
  | { readonly kind: 'lost'; readonly fault: PlainFault }
  /** The last message: nothing is under way any more. */
  | { readonly kind: 'stopped'; readonly state: LockState };
