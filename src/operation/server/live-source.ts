import type { CapturedComponent, Component, FailedComponent } from '../../contract/component.ts';
import type { Run } from '../../contract/run.ts';
import type { Base, CapturedDirectory, Source } from '../../contract/source.ts';
import { byteStringOfText, compareBytes } from '../../model/byte-string.ts';
import { asFault } from '../../model/fault.ts';
import { attempt, endsAtOnce, type Patience } from './component-attempts.ts';
import {
  captureMember,
  folderMetadata,
  type NamedSource,
  readJoined,
  relocateJoined,
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

class LiveComponents implements LiveSource {
  readonly description: string;
  readonly captured: CapturedComponent[] = [];
  readonly failed: FailedComponent[] = [];
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
    this.captured.push({ name, form, duration, linked: 0, writtenBytes: 0, ...tally });
    run.emit({ kind: 'log', level: 'INFO', component: name, message: 'captured' });
  }

  read(...[requests, pieces, run]: Parameters<Source['read']>): ReturnType<Source['read']> {
    return readJoined(requests, pieces, run);
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
