import { copyFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { MissingProgram, SieveOutcome } from '../../contract/drill.ts';
import type { Run } from '../../contract/run.ts';
import type { CompileSieve } from '../../operation/drill/check-sieve.ts';
import { compiledSieve } from '../../registry/drill.ts';
import { errnoFault } from '../../system/errno.ts';
import { type Attempt, type ProgramWish, type SitesWish, startSomewhere } from './drill-sites.ts';

export interface SieveCompiler {
  readonly compile: CompileSieve;
  close(): Promise<void>;
}

type Found = (Attempt & { readonly kind: 'found' }) | MissingProgram;

/** Copied to where the program is: it sees no other file of the backup. */
const compileAt = async ({ site, folder }: Attempt, file: string, run: Run): Promise<SieveOutcome | undefined> => {
  const copy = join(folder, basename(file));
  await copyFile(file, copy).catch((error: unknown) => {
    throw errnoFault(error, 'copy', file);
  });
  return compiledSieve({ file: copy, output: join(folder, 'compiled.svbin'), site }, run);
};

/** Compiles filters where the program for it is, which is looked for when there is a filter. */
export const createSieveCompiler = (
  sites: SitesWish,
  wish: Pick<ProgramWish, 'live' | 'makeFolder'>,
): SieveCompiler => {
  let found: Promise<Found> | undefined;
  const find = (file: string, run: Run): Promise<Found> =>
    startSomewhere<Found>(
      sites,
      { ...wish, program: 'sievec', folders: [], capabilities: [] },
      async (attempt, of) => {
        const outcome = await compileAt(attempt, file, of);
        return outcome === undefined ? undefined : { kind: 'found', ...attempt };
      },
      run,
    );
  return {
    compile: async (file, run) => {
      found ??= find(file, run);
      const place = await found;
      if (place.kind === 'missing') return place;
      return (await compileAt(place, file, run)) ?? { kind: 'missing', reason: 'no-program', what: 'sievec' };
    },
    close: async () => {
      const place = await found?.catch(() => undefined);
      if (place?.kind === 'found') await place.site.close();
    },
  };
};
