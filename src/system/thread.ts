import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  type ResourceLimits,
  Worker,
  workerData,
} from 'node:worker_threads';

/*
 * Threads that end by their own hand. One that is terminated while an addon registers in it takes the whole process with it
 * ("FATAL ERROR: Error::ThrowAsJavaScriptException napi_throw"), as would happen to short commands whose threads are hardly
 * started. So each is asked, and made to end only after it has started and when it works on and on.
 */

/**
 * Places of the memory that both sides share: whether all that the thread needs is loaded, whether it shall end, and how
 * often it was called.
 */
const [hasStarted, shallEnd, calls] = [0, 1, 2];

interface Birth {
  readonly setup: unknown;
  readonly life: Int32Array<SharedArrayBuffer>;
}

export interface Thread {
  readonly worker: Worker;
  /** There is a message for it: to be called after one that it may wait for in the middle of another (`awaitMessage`). */
  call(): void;
  /** What waits in its queue is not done any more, what it is doing now mostly is. May be called twice. Never rejects. */
  end(): Promise<void>;
}

/** Milliseconds for what the thread is doing when it is asked to end. */
const usualPatience = 2_000;

/** One that has not started after so many milliseconds never will. */
const startingTime = 60_000;

export interface ThreadOptions {
  /** Goes to the thread as a copy, shared memory as it is. */
  readonly setup: unknown;
  /** V8's; a small nursery stays in the processor's cache. */
  readonly resourceLimits?: ResourceLimits;
  readonly patience?: number;
}

/** Starts the thread of this file, which must call `serveThread`. */
export const startThread = (file: URL, options: ThreadOptions): Thread => {
  const life = new Int32Array(new SharedArrayBuffer(12));
  const birth: Birth = { setup: options.setup, life };
  const limits = options.resourceLimits === undefined ? {} : { resourceLimits: options.resourceLimits };
  // Without the flags of this process: some, such as --input-type, are no good for a thread.
  const worker = new Worker(file, { workerData: birth, execArgv: [], ...limits });
  let ending: Promise<void> | undefined;
  let hasFailed = false;
  worker.once('error', () => (hasFailed = true));
  const exited = new Promise<void>((resolve) =>
    worker.once('exit', (code) => {
      resolve();
      // Whoever waits for its answers would wait for ever.
      if (ending === undefined && !hasFailed) worker.emit('error', new Error(`a thread has ended by itself (${code})`));
    }),
  );
  const call = (): void => {
    Atomics.add(life, calls, 1);
    Atomics.notify(life, calls);
  };
  const end = async (): Promise<void> => {
    Atomics.store(life, shallEnd, 1);
    call();
    // It may have been idle, keeping no process alive; now there is something to wait for.
    worker.ref();
    worker.postMessage(undefined);
    const late = setTimeout(() => void worker.terminate(), startingTime);
    await Promise.race([exited, started(life)]);
    const busy = setTimeout(() => void worker.terminate(), options.patience ?? usualPatience);
    await exited;
    clearTimeout(late);
    clearTimeout(busy);
  };
  return { worker, call, end: () => (ending ??= end()) };
};

const started = async (life: Birth['life']): Promise<void> => {
  await Atomics.waitAsync(life, hasStarted, 0).value;
};

const isBirth = (value: unknown): value is Birth =>
  typeof value === 'object' &&
  value !== null &&
  'setup' in value &&
  'life' in value &&
  value.life instanceof Int32Array;

/** What a thread is born with and is sent. */
export interface ThreadLanguage<Setup, Message> {
  readonly isSetup: (value: unknown) => value is Setup;
  readonly isMessage: (value: unknown) => value is Message;
}

/**
 * In the middle of a message, waits for one that is wanted; the others have their turn afterwards, in their order. Throws when
 * the thread shall end.
 */
export type AwaitMessage<Message> = (isWanted: (message: Message) => boolean) => Message;

/**
 * The thread's own side: `prepare` loads what it needs and gives the function that handles each message. Does nothing in
 * the main thread, or where `isSetup` does not know what the thread was born with.
 */
export const serveThread = async <Setup, Message>(
  { isSetup, isMessage }: ThreadLanguage<Setup, Message>,
  prepare: (
    setup: Setup,
    port: MessagePort,
    awaitMessage: AwaitMessage<Message>,
  ) => Promise<(message: Message) => void>,
): Promise<void> => {
  const port = parentPort;
  const birth: unknown = workerData;
  if (port === null || !isBirth(birth) || !isSetup(birth.setup)) return;
  const { life, setup } = birth;
  const passedOver: Message[] = [];
  const isToEnd = (): boolean => Atomics.load(life, shallEnd) !== 0;
  const awaitMessage = (isWanted: (message: Message) => boolean): Message => {
    for (;;) {
      const heard = Atomics.load(life, calls);
      if (isToEnd()) throw new Error('the thread shall end');
      const received: { readonly message: unknown } | undefined = receiveMessageOnPort(port);
      if (received === undefined) Atomics.wait(life, calls, heard);
      else if (isMessage(received.message)) {
        if (isWanted(received.message)) return received.message;
        passedOver.push(received.message);
      }
    }
  };
  const handle = await prepare(setup, port, awaitMessage);
  Atomics.store(life, hasStarted, 1);
  Atomics.notify(life, hasStarted);
  port.on('message', (first: unknown) => {
    let message = first;
    do {
      if (isMessage(message) && !isToEnd()) handle(message);
      message = passedOver.shift();
    } while (message !== undefined);
    if (isToEnd()) port.close();
  });
};
