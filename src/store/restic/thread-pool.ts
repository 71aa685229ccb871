import { asFault, Fault } from '../../model/fault.ts';
import { startThread, type Thread } from '../../system/thread.ts';
import { revivedFault, type PlainFault } from './plain-fault.ts';

/** The address of a thread's file in the folder of the module whose `import.meta.url` is `besides`: `.ts` in a checkout, `.js` once built. */
export const threadFile = (name: string, besides: string): URL =>
  new URL(`${name}${besides.slice(besides.lastIndexOf('.'))}`, besides);

export type ThreadAnswer<Result> =
  | { readonly kind: 'done'; readonly job: number; readonly result: Result }
  | { readonly kind: 'failed'; readonly job: number; readonly fault: PlainFault };

interface Waiting<Result> {
  readonly thread: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (fault: Fault) => void;
}

/** What a thread makes is garbage soon: a small nursery stays in the processor's cache and is no burden on memory. */
const resourceLimits = { maxYoungGenerationSizeMb: 6 };

/** Threads that each answer a job with a result. They start with the first job; idle, they keep no process alive. */
export class ThreadPool<Job extends { readonly job: number }, Result> {
  readonly #file: URL;
  readonly #setup: unknown;
  readonly #count: number;
  #threads: Thread[] = [];
  #outstanding: number[] = [];
  readonly #waiting = new Map<number, Waiting<Result>>();
  #jobs = 0;

  constructor(file: URL, options: { readonly threads: number; readonly setup: unknown }) {
    this.#file = file;
    this.#setup = options.setup;
    this.#count = options.threads;
  }

  /** `make` is given the job's number. What is in `transfer` is given away. */
  submit(make: (job: number) => Job, transfer: readonly ArrayBuffer[]): Promise<Result> {
    if (this.#threads.length === 0) this.#start();
    const number = ++this.#jobs;
    if (this.#waiting.size === 0) for (const { worker } of this.#threads) worker.ref();
    const thread = this.#outstanding.indexOf(Math.min(...this.#outstanding));
    this.#outstanding[thread] = (this.#outstanding[thread] ?? 0) + 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { thread, resolve, reject });
      this.#threads[thread]?.worker.postMessage(make(number), [...transfer]);
    });
  }

  async close(): Promise<void> {
    await this.#end(new Fault('interrupted', 'the threads were ended'));
  }

  /** The next job starts new threads. */
  async #end(fault: Fault): Promise<void> {
    const threads = this.#threads;
    this.#threads = [];
    this.#outstanding = [];
    for (const waiting of this.#waiting.values()) waiting.reject(fault);
    this.#waiting.clear();
    await Promise.all(threads.map((thread) => thread.end()));
  }

  #start(): void {
    for (let number = 0; number < this.#count; number++) {
      const thread = startThread(this.#file, { setup: this.#setup, resourceLimits });
      const { worker } = thread;
      worker.on('message', (answer: ThreadAnswer<Result>) => this.#receive(answer));
      worker.on('error', (error) => void this.#end(asFault(error)));
      this.#threads.push(thread);
      this.#outstanding.push(0);
    }
  }

  #receive(answer: ThreadAnswer<Result>): void {
    const waiting = this.#waiting.get(answer.job);
    if (waiting === undefined) return;
    this.#waiting.delete(answer.job);
    if (this.#waiting.size === 0) for (const { worker } of this.#threads) worker.unref();
    this.#outstanding[waiting.thread] = (this.#outstanding[waiting.thread] ?? 1) - 1;
    if (answer.kind === 'done') waiting.resolve(answer.result);
    else waiting.reject(revivedFault(answer.fault));
  }
}
