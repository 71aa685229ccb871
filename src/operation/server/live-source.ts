import type { CapturedComponent, Component, FailedComponent } from '../../contract/component.ts';
import { interrupted, type Run } from '../../contract/run.ts';
import type { Base, CapturedDirectory, Child, Delivery, ReadRequest, Source } from '../../contract/source.ts';
import { byteStringOfText, compareBytes, displayText } from '../../model/byte-string.ts';
import { bareDirectory } from '../../model/entry.ts';
import { asFault, type Fault } from '../../model/fault.ts';
import { formatDuration } from '../../model/size.ts';
import { endsAtOnce, type Patience, tellAttempt } from './component-attempts.ts';
import {
  captureMember,
  memberOf,
  type NamedSource,
  readJoined,
  relocateJoined,
  renumbered,
  rootOf,
} from './joined-sources.ts';
import { counted, newTally, type Tally } from './tally.ts';

/** The components of a server as one source, for when there is no finished backup to take them from. */
export interface LiveSource extends Source {
  /** What became of each, known when all of it was captured. */
  readonly captured: readonly CapturedComponent[];
  readonly failed: readonly FailedComponent[];
}

/** What an attempt at a component came to. */
type Tried = { readonly kind: 'captured'; readonly tally: Tally } | { readonly kind: 'failed'; readonly fault: Fault };

/** What may be tried again; throws what ends all. */
const faultOf = (error: unknown, run: Run): Fault => {
  if (run.signal.aborted) throw interrupted(error);
  const fault = asFault(error);
  if (endsAtOnce(fault)) throw fault;
  return fault;
};

/**
 * A directory whose listing ends where it fails, and says so: whoever takes it is not to fail with it. What it makes of the half is
 * replaced by the next attempt, or counts for nothing.
 */
const failingSoftly = (directory: CapturedDirectory, onFailure: (error: unknown) => void): CapturedDirectory => {
  const { listing } = directory;
  if (listing.kind !== 'listed' && listing.kind !== 'amended') return directory;
  let isWhole = true;
  async function* pages(from: AsyncIterable<readonly Child[]>): AsyncGenerator<readonly Child[]> {
    try {
      yield* from;
    } catch (error) {
      isWhole = false;
      onFailure(error);
    }
  }
  // A listing of which half is missing must not be taken for that of an unchanged folder.
  const look = (): string | undefined => (isWhole ? listing.look?.() : undefined);
  return { ...directory, listing: { ...listing, pages: pages(listing.pages), look } };
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
  /** By name: that of the last attempt. */
  readonly #members = new Map<string, NamedSource>();
  /** Of all attempts: what was listed may be read later. */
  readonly #sources: Source[] = [];

  constructor(components: readonly Component[], patience: Patience) {
    this.#components = components.toSorted((left, right) =>
      compareBytes(byteStringOfText(left.name), byteStringOfText(right.name)),
    );
    this.#patience = patience;
    this.description = components.map(({ name }) => name).join(', ');
  }

  async *capture(base: Base | undefined, run: Run): AsyncGenerator<CapturedDirectory, void> {
    for (const component of this.#components) yield* this.#captureOne(component, base, run);
    yield rootOf([...this.#members.values()].map(({ name }) => name));
  }

  async *#captureOne(component: Component, base: Base | undefined, run: Run): AsyncGenerator<CapturedDirectory, void> {
    const { name, form } = component;
    const started = run.now();
    const { retries, sleep } = this.#patience;
    for (let attempts = 1; ; attempts++) {
      const tried = yield* this.#tryOne(component, base, run);
      if (tried.kind === 'captured') {
        const duration = Number((run.now() - started) / 1_000_000n);
        this.#walked.push({ name, form, duration, linked: 0, writtenBytes: 0, ...tried.tally });
        run.emit({ kind: 'log', level: 'INFO', component: name, message: 'captured' });
        return;
      }
      const { fault } = tried;
      tellAttempt(name, { fault, attempts, most: retries.length + 1 }, run);
      const pause = retries[attempts - 1];
      if (pause === undefined) {
        this.failed.push({ name, form, fault, attempts });
        yield* this.#carryOne(component, { base, fault }, run);
        return;
      }
      run.emit({ kind: 'log', level: 'INFO', component: name, message: `tried again in ${formatDuration(pause)}` });
      await sleep(pause, run.signal);
    }
  }

  /** From the beginning: what an earlier attempt has yielded is yielded once more, and that counts. */
  async *#tryOne(component: Component, base: Base | undefined, run: Run): AsyncGenerator<CapturedDirectory, Tried> {
    const tally = newTally();
    let failure: { readonly error: unknown } | undefined;
    let isBegun = false;
    try {
      const source = await component.open(run);
      this.#sources.push(source);
      const member = { name: byteStringOfText(component.name), source };
      for await (const directory of captureMember(member, base, run)) {
        if (!isBegun) this.#members.set(component.name, member);
        if (component.form === 'dump') this.#dumps.set(member, component);
        isBegun = true;
        yield await counted(
          failingSoftly(directory, (error) => (failure ??= { error })),
          tally,
          run,
        );
        if (failure !== undefined) return { kind: 'failed', fault: faultOf(failure.error, run) };
      }
      return { kind: 'captured', tally };
    } catch (error) {
      return { kind: 'failed', fault: faultOf(error, run) };
    }
  }

  /** What has been captured of it counts for nothing then: it is what it was the last time. */
  async *#carryOne(
    { name }: Component,
    { base, fault }: { readonly base: Base | undefined; readonly fault: Fault },
    run: Run,
  ): AsyncGenerator<CapturedDirectory, void> {
    const member = this.#members.get(name);
    if (member === undefined) return;
    const path = [member.name];
    const listing = { kind: 'carried', base: await base?.directory(path, run), fault } as const;
    yield { path, metadata: listing.base?.metadata ?? bareDirectory, listing };
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
    return relocateJoined([...this.#members.values()], path, entry, run);
  }

  async close(): Promise<void> {
    for (const source of this.#sources) await source.close();
  }
}

/** The components of a server, captured one after another when the source is. Nothing is opened yet. */
export const liveSource = (components: readonly Component[], patience: Patience): LiveSource =>
  new LiveComponents(components, patience);
