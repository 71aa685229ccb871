import type { Component } from '../../contract/component.ts';
import type { Run } from '../../contract/run.ts';
import type { CapturedDirectory, Child, Source } from '../../contract/source.ts';

export interface PaceLimits {
  /** Of all processors, 0 to 1, on average. */
  readonly cpu: number;
  readonly processors: number;
  /** Bytes a second; undefined: as fast as it goes. */
  readonly bandwidth: number | undefined;
}

export interface PaceParts {
  /** Milliseconds that the whole process has computed so far, on all processors. */
  readonly computed: () => number;
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** Called with the bytes that are read next; resolves when it is their turn. */
export type Pace = (bytes: number, run: Run) => Promise<void>;

/** Pauses shorter than this cost more than they spare. */
const shortest = 5;
/** A pause is noticed by nobody if it is short; what is left of it comes with the next. */
const longest = 1000;
/** What was not used this long ago, in milliseconds, is not made up for in a burst. */
const memory = 2000;

const milliseconds = (run: Run): number => Number(run.now() / 1_000_000n);

/**
 * Pauses so that the process stays below its share of the processors and of the bandwidth on average (requirement B10): work and rest
 * take turns. A service of systemd has `CPUQuota` in its unit as well, which holds for programs that are started, too.
 */
export const createPace = ({ cpu, processors, bandwidth }: PaceLimits, { computed, sleep }: PaceParts): Pace => {
  const share = cpu * processors;
  const isFree = cpu >= 1 && bandwidth === undefined;
  let last: { readonly time: number; readonly computed: number } | undefined;
  /** Milliseconds by which we are ahead of our share. */
  let [ofProcessor, ofBandwidth] = [0, 0];
  return async (bytes, run) => {
    if (isFree) return;
    const time = milliseconds(run);
    const now = { time, computed: computed() };
    // A clock that was set back would have us wait for as long.
    const passed = Math.max(0, time - (last?.time ?? time));
    const used = now.computed - (last?.computed ?? now.computed);
    last = now;
    if (cpu < 1) ofProcessor = Math.max(-memory, ofProcessor + used / share - passed);
    if (bandwidth !== undefined) ofBandwidth = Math.max(-memory, ofBandwidth - passed) + (1000 * bytes) / bandwidth;
    const pause = Math.min(longest, Math.max(ofProcessor, ofBandwidth));
    if (pause >= shortest) await sleep(pause, run.signal);
  };
};

const bytesIn = (page: readonly Child[]): number =>
  page.reduce((sum, child) => sum + (child.kind === 'fresh' ? child.entry.size : 0), 0);

async function* pacedPages(
  pages: AsyncIterable<readonly Child[]>,
  pace: Pace,
  run: Run,
): AsyncGenerator<readonly Child[]> {
  for await (const page of pages) {
    await pace(bytesIn(page), run);
    yield page;
  }
}

const pacedDirectory = (directory: CapturedDirectory, pace: Pace, run: Run): CapturedDirectory =>
  directory.listing.kind === 'listed' || directory.listing.kind === 'amended'
    ? { ...directory, listing: { ...directory.listing, pages: pacedPages(directory.listing.pages, pace, run) } }
    : directory;

const pacedSource = (source: Source, pace: Pace): Source => ({
  description: source.description,
  async *capture(base, run) {
    for await (const directory of source.capture(base, run)) {
      await pace(0, run);
      yield pacedDirectory(directory, pace, run);
    }
  },
  async *read(requests, pieces, run) {
    for await (const delivery of source.read(requests, pieces, run)) {
      // Its bytes were counted when it was listed.
      await pace(0, run);
      yield delivery;
    }
  },
  relocate: (path, entry, run) => source.relocate(path, entry, run),
  close: () => source.close(),
});

/** A component that is read no faster than the pace allows. */
export const pacedComponent = (component: Component, pace: Pace): Component => ({
  ...component,
  open: async (run) => pacedSource(await component.open(run), pace),
});
