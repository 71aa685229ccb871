import type { CapturedComponent, Component, FailedComponent } from '../../contract/component.ts';
import type { Run } from '../../contract/run.ts';
import type { Base, CapturedDirectory, Delivery, ReadRequest, Source } from '../../contract/source.ts';
import { byteStringOfText, compareBytes, displayText } from '../../model/byte-string.ts';
import { asFault, type Fault } from '../../model/fault.ts';
import { attempt, endsAtOnce, type Patience, tellAttempt } from './component-attempts.ts';
import {
  captureMember,
  folderMetadata,
  memberOf,
  type NamedSource,
  readJoined,
  relocateJoined,
  renumbered,
  rootOf,
} from './joined-sources.ts';
import { counted, newTally } from './tally.ts';

/** The components of a server as one source, for when there is no finished backup to take them from. */
export interface LiveSource extends Source {
  /** What became of each, known when all of it was captured. */
  readonly captured: readonly CapturedComponent[];
  readonly failed: readonly FailedComponent[];
}

interface Opened {
  readonly member: NamedSource;
  readonly directories: AsyncGenerator<CapturedDirectory, void>;
  readonly first: IteratorResult<CapturedDirectory, void>;
}

/** Opens a component, and goes as far as its first directory: what is wrong with all of it shows by then. */
const openComponent = async (component: Component, base: Base | undefined, run: Run): Promise<Opened> => {
  const source = await component.open(run);
  try {
    const member = { name: byteStringOfText(component.name), source };
    const directories = captureMember(member, base, run);
    return { member, directories, first: await directories.next() };
  } catch (error) {
    await source.close();
    throw error;
  }
};

const faultIn = ({ verdicts }: Delivery): Fault | undefined => {
  const [failed] = verdicts.flatMap(({ verdict }) => (verdict.kind === 'failed' ? [verdict.fault] : []));
  return failed;
};

class LiveComponents implements LiveSource {
  readonly description: string;
  readonly failed: FailedComponent[] = [];
  readonly #walked: CapturedComponent[] = [];
  readonly #dumps = new Map<NamedSource, Component>();
  readonly #components: readonly Component[];
  readonly #patience: Patience;
  readonly #members: NamedSource[] = [];

  constructor(components: readonly Component[], patience: Patience) {
    this.#components = components.toSorted((left, right) =>
      compareBytes(byteStringOfText(left.name), byteStringOfText(right.name)),
    );
    this.#patience = patience;
    this.description = components.map(({ name }) => name).join(', ');
  }

  async *capture(base: Base | undefined, run: Run): AsyncGenerator<CapturedDirectory, void> {
    for (const component of this.#components) yield* this.#captureOne(component, base, run);
    yield rootOf(this.#members.map(({ name }) => name));
  }

  async *#captureOne(component: Component, base: Base | undefined, run: Run): AsyncGenerator<CapturedDirectory, void> {
    const { name, form } = component;
    const started = run.now();
    const opened = await attempt(name, () => openComponent(component, base, run), this.#patience, run);
    if (opened.kind === 'failed') {
      this.failed.push({ name, form, fault: opened.fault, attempts: opened.attempts });
      return;
    }
    const { member, directories, first } = opened.result;
    this.#members.push(member);
    if (form === 'dump') this.#dumps.set(member, component);
    const tally = newTally();
    try {
      for (let next = first; next.done !== true; next = await directories.next()) {
        yield await counted(next.value, tally, run);
      }
    } catch (error) {
      // What has been captured of it counts for nothing then: it cannot be taken back, and tried again.
      const fault = asFault(error);
      if (run.signal.aborted || endsAtOnce(fault)) throw fault;
      this.failed.push({ name, form, fault, attempts: opened.attempts });
      run.emit({ kind: 'log', level: 'ERROR', component: name, message: `failed (${fault.code}): ${fault.message}` });
      const path = [member.name];
      const listing = { kind: 'carried', base: await base?.directory(path, run), fault } as const;
      yield { path, metadata: listing.base?.metadata ?? folderMetadata, listing };
      return;
    }
    const duration = Number((run.now() - started) / 1_000_000n);
    this.#walked.push({ name, form, duration, linked: 0, writtenBytes: 0, ...tally });
    run.emit({ kind: 'log', level: 'INFO', component: name, message: 'captured' });
  }

  /** A dump fails when it is read, which may be long after it was listed. */
  get captured(): readonly CapturedComponent[] {
    return this.#walked.filter(({ name }) => !this.failed.some((one) => one.name === name));
  }

  async *read(...[requests, pieces, run]: Parameters<Source['read']>): AsyncGenerator<Delivery, void> {
    const numbers = [...requests.keys()];
    const isDump = (at: number): boolean => {
      const request = requests[at];
      return request !== undefined && this.#dumps.has(memberOf(request));
    };
    const plain = numbers.filter((at) => !isDump(at));
    const wanted = plain.flatMap((at) => requests[at] ?? []);
    for await (const delivery of readJoined(wanted, pieces, run)) yield renumbered(delivery, plain);
    for (const at of numbers.filter(isDump)) {
      const request = requests[at];
      if (request !== undefined) yield* this.#readDump(request, at, run);
    }
  }

  /** A dump that gave nothing and failed is made again (requirement B6); one that has begun cannot be taken back. */
  async *#readDump(request: ReadRequest, number: number, run: Run): AsyncGenerator<Delivery, void> {
    const component = memberOf(request).name;
    const { retries, sleep } = this.#patience;
    for (let attempts = 1; ; attempts++) {
      const pause = retries[attempts - 1];
      let again: Fault | undefined;
      let isBegun = false;
      for await (const delivery of readJoined([request], 'in-order', run)) {
        const fault = faultIn(delivery);
        isBegun ||= delivery.pieces.length > 0;
        if (fault !== undefined)
          tellAttempt(displayText(component), { fault, attempts, most: retries.length + 1 }, run);
        if (fault !== undefined && !isBegun && pause !== undefined) {
          again = fault;
          break;
        }
        if (fault !== undefined) this.#failDump(request, fault, attempts);
        yield renumbered(delivery, [number]);
      }
      if (again === undefined || pause === undefined) return;
      await sleep(pause, run.signal);
    }
  }

  #failDump(request: ReadRequest, fault: Fault, attempts: number): void {
    const component = this.#dumps.get(memberOf(request));
    if (component === undefined || this.failed.some(({ name }) => name === component.name)) return;
    this.failed.push({ name: component.name, form: component.form, fault, attempts });
  }

  relocate(...[path, entry, run]: Parameters<Source['relocate']>): ReturnType<Source['relocate']> {
    return relocateJoined(this.#members, path, entry, run);
  }

  async close(): Promise<void> {
    for (const { source } of this.#members) await source.close();
  }
}

/** The components of a server, captured one after another when the source is. Nothing is opened yet. */
export const liveSource = (components: readonly Component[], patience: Patience): LiveSource =>
  new LiveComponents(components, patience);
