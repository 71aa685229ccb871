import type { DatabaseReport } from '../../../contract/database-target.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import type { Services } from '../../../contract/services.ts';
import type { Overwrite } from '../../../contract/target.ts';
import { asFault, Fault, isFault } from '../../../model/fault.ts';
import { planServices, type ServicePlan, type ServiceWish } from '../../../model/service-plan.ts';
import {
  type DatabaseOutlook,
  type DatabaseWork,
  isSilent,
  lookAhead,
  restoreDatabase,
  type Waiting,
} from './database-component.ts';
import { type FileOutcome, type FilePart, planPart, type PlannedPart, restoreFiles } from './file-component.ts';

export type ComponentWork = {
  readonly name: string;
  /** Services read or write it: they are at rest meanwhile. */
  readonly needsRest: boolean;
} & (
  | { readonly kind: 'files'; readonly parts: readonly FilePart[] }
  | { readonly kind: 'database'; readonly database: DatabaseWork }
);

/** What the next restore has to know should this one be killed. */
export interface Unfinished {
  /** Services that were stopped. */
  readonly services: readonly string[];
  /** Places that are being made as they were: what lies there is no mail that lives. */
  readonly places: readonly string[];
}

export interface RestoreNote {
  read(): Promise<Unfinished>;
  /** Durable when it returns. */
  write(unfinished: Unfinished): Promise<void>;
}

export interface ServerRestoreParts {
  /** In the order in which they are restored. */
  readonly components: readonly ComponentWork[];
  /** Undefined: nothing is stopped or started. */
  readonly services: Services | undefined;
  /** Undefined where nothing lives. */
  readonly note: RestoreNote | undefined;
  readonly wish: {
    readonly overwrite: Overwrite;
    readonly verify: boolean;
    /** The whole server is restored. */
    readonly isWhole: boolean;
  };
  readonly waiting: Waiting;
}

export type PlannedComponent = { readonly name: string } & (
  | { readonly kind: 'files'; readonly parts: readonly PlannedPart[] }
  | { readonly kind: 'database'; readonly outlook: DatabaseOutlook }
);

export interface ServerPlan {
  readonly components: readonly PlannedComponent[];
  readonly services: ServicePlan;
}

export type ComponentResult = { readonly name: string } & (
  | { readonly kind: 'files'; readonly outcome: FileOutcome }
  | { readonly kind: 'database'; readonly report: DatabaseReport }
  | { readonly kind: 'failed'; readonly fault: Fault }
  /** Not begun: the one before has met what would end all. */
  | { readonly kind: 'left' }
);

export interface ServerRestoreReport {
  readonly components: readonly ComponentResult[];
  /** Services that could not be started, and why. */
  readonly services: readonly Fault[];
}

const mustRun = (work: ComponentWork): boolean => work.kind === 'database' && work.database.mustRun;

const serviceWish = async ({ components, note, wish }: ServerRestoreParts): Promise<ServiceWish> => ({
  needsRest: components.some((work) => work.needsRest && !mustRun(work)),
  needsDatabase: components.some(mustRun),
  isWhole: wish.isWhole,
  left: (await note?.read())?.services ?? [],
});

/** What is made exactly as it was. */
const placesOf = (components: readonly ComponentWork[]): readonly string[] =>
  components.flatMap((work) =>
    work.kind === 'files' ? work.parts.filter(({ merges }) => !merges).map(({ place }) => place) : [],
  );

const noServices: ServicePlan = { stop: [], startFirst: [], start: [] };

const planAround = async (services: Services, wish: ServiceWish, run: Run): Promise<ServicePlan> =>
  planServices(await services.list(run, wish.left), wish);

/** What would be done. Changes nothing. */
export const planServer = async (parts: ServerRestoreParts, run: Run): Promise<ServerPlan> => {
  const { components, services, wish } = parts;
  const planned: PlannedComponent[] = [];
  for (const work of components) {
    run.emit({ kind: 'phase', phase: `planning ${work.name}` });
    if (work.kind === 'database') {
      planned.push({ name: work.name, kind: 'database', outlook: await lookAhead(work.database, run) });
      continue;
    }
    const own: PlannedPart[] = [];
    for (const part of work.parts) own.push(await planPart(part, wish.overwrite, run));
    planned.push({ name: work.name, kind: 'files', parts: own });
  }
  const around = services === undefined ? noServices : await planAround(services, await serviceWish(parts), run);
  return { components: planned, services: around };
};

/** What no other component would fare better with. */
const endsAll = (fault: Fault): boolean => isFault(fault, 'disk-full', 'quota-exceeded', 'read-only');

class ServerRestore {
  readonly #parts: ServerRestoreParts;
  readonly #plan: ServicePlan;
  readonly #results: ComponentResult[] = [];
  readonly #faults: Fault[] = [];
  #hasEnded = false;
  /** None of the services is a database, so that there is none that could come yet. */
  #hasNoDatabase = false;

  constructor(parts: ServerRestoreParts, { services }: ServerPlan) {
    this.#parts = parts;
    this.#plan = services;
  }

  async restore(run: Run): Promise<ServerRestoreReport> {
    const { components, services } = this.#parts;
    const wish = await serviceWish(this.#parts);
    const left = [...new Set([...wish.left, ...this.#plan.stop])];
    const places = placesOf(components);
    /** What is to run at the end. */
    let wanted = left;
    let isDone = false;
    await this.#takeDown({ services: services === undefined ? wish.left : left, places });
    try {
      await this.#stop(run);
      for (const work of components) if (!mustRun(work)) await this.#restoreOne(work, run);
      const begun = wish.needsDatabase ? await this.#startDatabases({ ...wish, left }, run) : noServices;
      // Where nothing ran, all is to run; once the databases do, that cannot be seen any more.
      wanted = [...new Set([...left, ...begun.start])];
      if (wanted.length > left.length) await this.#takeDown({ services: wanted, places });
      for (const work of components) if (mustRun(work)) await this.#restoreOne(work, run);
      isDone = true;
      await this.#startRest({ ...wish, left: wanted }, begun.startFirst, run);
    } catch (error) {
      // Whatever has ended it, what was stopped runs again.
      if (!isDone) await this.#start(left, unstoppable(run));
      const others = wanted.filter((name) => !left.includes(name));
      await this.#takeDown({ services: this.#mayBeDown() ? wanted : others, places });
      throw error;
    }
    // What could not be started, or restored, is for the next restore to try again.
    const kept = this.#mayBeDown() ? wanted : [];
    await this.#takeDown({ services: kept, places: placesOf(components.filter(({ name }) => !this.#isGood(name))) });
    return { components: this.#results, services: this.#faults };
  }

  #mayBeDown(): boolean {
    return this.#parts.services === undefined || this.#faults.length > 0;
  }

  async #takeDown(unfinished: Unfinished): Promise<void> {
    await this.#parts.note?.write(unfinished);
  }

  #isGood(name: string): boolean {
    const result = this.#results.find((one) => one.name === name);
    return result?.kind === 'files' && result.outcome.failed === 0 && (result.outcome.differences ?? 0) === 0;
  }

  async #stop(run: Run): Promise<void> {
    const { services } = this.#parts;
    if (services === undefined || this.#plan.stop.length === 0) return;
    run.emit({ kind: 'phase', phase: 'stopping services' });
    // To its end, whatever is said meanwhile: one that is still on its way down looks as if it ran, and would not be started.
    await services.stop(this.#plan.stop, unstoppable(run));
    throwIfInterrupted(run);
  }

  /** Asked again: the file that describes them may have come back just now. */
  async #around(wish: ServiceWish, run: Run): Promise<ServicePlan> {
    const { services } = this.#parts;
    return services === undefined ? noServices : planAround(services, wish, run);
  }

  async #startDatabases(wish: ServiceWish, run: Run): Promise<ServicePlan> {
    try {
      const { services } = this.#parts;
      if (services === undefined) return noServices;
      const found = await services.list(run, wish.left);
      this.#hasNoDatabase = !found.some(({ isDatabase }) => isDatabase);
      const plan = planServices(found, wish);
      await this.#start(plan.startFirst, run);
      return plan;
    } catch (error) {
      this.#takeFault(error);
      return noServices;
    }
  }

  async #startRest(wish: ServiceWish, started: readonly string[], run: Run): Promise<void> {
    try {
      const { startFirst, start } = await this.#around(wish, unstoppable(run));
      const wanted = [...new Set([...startFirst, ...start])].filter((name) => !started.includes(name));
      await this.#start(wanted, unstoppable(run));
    } catch (error) {
      this.#takeFault(error);
    }
  }

  async #start(names: readonly string[], run: Run): Promise<void> {
    const { services } = this.#parts;
    if (services === undefined || names.length === 0) return;
    run.emit({ kind: 'phase', phase: 'starting services' });
    try {
      await services.start(names, run);
    } catch (error) {
      this.#takeFault(error);
    }
  }

  #takeFault(error: unknown): void {
    const fault = asFault(error);
    if (isFault(fault, 'interrupted')) throw fault;
    this.#faults.push(fault);
  }

  async #restoreOne(work: ComponentWork, run: Run): Promise<void> {
    const { name } = work;
    if (this.#hasEnded) {
      this.#results.push({ name, kind: 'left' });
      return;
    }
    run.emit({ kind: 'phase', phase: `restoring ${name}` });
    try {
      this.#results.push(await this.#resultOf(work, run));
    } catch (error) {
      const fault = asFault(error);
      if (run.signal.aborted || isFault(fault, 'interrupted')) throw fault;
      this.#hasEnded = endsAll(fault);
      this.#results.push({ name, kind: 'failed', fault });
    }
  }

  async #resultOf(work: ComponentWork, run: Run): Promise<ComponentResult> {
    const { wish, waiting } = this.#parts;
    const { name } = work;
    if (work.kind === 'files') return { name, kind: 'files', outcome: await restoreFiles(work.parts, wish, run) };
    const once = { ...waiting, attempts: 1 };
    try {
      const report = await restoreDatabase(work.database, this.#hasNoDatabase ? once : waiting, run);
      return { name, kind: 'database', report };
    } catch (error) {
      throw this.#hasNoDatabase && isSilent(error) ? this.#nobodyStarts(error) : error;
    }
  }

  /** Waiting would be in vain. */
  #nobodyStarts(cause: Fault): Fault {
    const among = this.#parts.services?.description ?? '';
    return new Fault(cause.code, `${cause.message}; and among the ${among} there is none that it could be in`, {
      cause,
      hint: 'Start the database yourself, or name its service in `stop:`, then restore this component again. Everything else was restored.',
    });
  }
}

/** What has to be done also when a person has had enough. */
const unstoppable = (run: Run): Run => ({
  signal: new AbortController().signal,
  now: () => run.now(),
  emit: (event) => run.emit(event),
});

/**
 * Restores components one after another: services are stopped, files and what lies in files restored and read back, databases
 * loaded once they are up, and what ran before runs again, whatever has happened in between. One component that fails stops no other.
 * Faults: `interrupted`, and those of services that cannot be stopped.
 */
export const restoreServer = (parts: ServerRestoreParts, plan: ServerPlan, run: Run): Promise<ServerRestoreReport> =>
  new ServerRestore(parts, plan).restore(run);
