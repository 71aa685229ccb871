import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Backend } from '../../../contract/backend.ts';
import { Fault } from '../../../model/fault.ts';
import { systemNow } from '../../../system/clock.ts';
import { createRun } from '../../../system/run.ts';
import { createEnvelope } from '../sealing/envelope.ts';
import { StoredLock } from './held-lock.ts';
import { lockRecordsIn } from './lock-records.ts';
import type { FromLockThread, LockThreadSetup, ToLockThread } from './lock-messages.ts';
import { refreshRegularly } from './lock-refresh.ts';
import { plainFault } from '../plain-fault.ts';
import { loadPoly1305 } from '../sealing/poly1305.ts';

/*
 * The thread that keeps a lock fresh over a connection of its own, so that neither long computations nor a busy
 * connection of the main thread let it grow old.
 */

interface ThreadModule {
  openInThread(location: unknown): Promise<Backend>;
}

const isThreadModule = (module: unknown): module is ThreadModule =>
  typeof module === 'object' &&
  module !== null &&
  'openInThread' in module &&
  typeof module.openInThread === 'function';

const openBackend = async ({ module, location }: LockThreadSetup): Promise<Backend> => {
  const loaded: unknown = await import(module);
  if (!isThreadModule(loaded)) throw new Fault('internal', `${module} cannot be opened in a thread`);
  return loaded.openInThread(location);
};

const isSetup = (value: unknown): value is LockThreadSetup =>
  typeof value === 'object' && value !== null && 'module' in value && 'master' in value && 'state' in value;

const start = async (port: MessagePort, setup: LockThreadSetup): Promise<void> => {
  const post = (message: FromLockThread): void => port.postMessage(message);
  const backend = await openBackend(setup);
  const envelope = createEnvelope(setup.master, await loadPoly1305());
  const stopping = new AbortController();
  const run = createRun({ signal: stopping.signal });
  const records = setup.recordFolder === undefined ? undefined : lockRecordsIn(setup.recordFolder);
  const lock = new StoredLock({ backend, envelope, records }, setup.state, run);
  // A stop interrupts the attempt that is under way; that is no trouble.
  const report = (kind: 'trouble' | 'lost', fault: Fault): void => {
    if (!stopping.signal.aborted) post({ kind, fault: plainFault(fault) });
  };
  const stop = refreshRegularly(
    lock,
    {
      now: systemNow,
      onRefreshed: () => post({ kind: 'refreshed', state: lock.state() }),
      onTrouble: (fault) => report('trouble', fault),
      onLost: (fault) => report('lost', fault),
    },
    setup.pace,
  );
  const finish = async (): Promise<void> => {
    stopping.abort();
    await stop();
    post({ kind: 'stopped', state: lock.state() });
    port.close();
    await backend.close();
  };
  port.on('message', (message: ToLockThread) => {
    if (message.kind === 'stop') void finish();
  });
};

if (parentPort !== null && isSetup(workerData)) await start(parentPort, workerData);
