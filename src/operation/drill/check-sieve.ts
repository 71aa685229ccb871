import type { MissingProgram, RestoredTree, SieveOutcome } from '../../contract/drill.ts';
import type { Run } from '../../contract/run.ts';
import type { CheckTally } from '../../model/drill/check-tally.ts';

export type CompileSieve = (file: string, run: Run) => Promise<SieveOutcome | MissingProgram>;

/** Whether the filters of a component can be compiled. Links to filters are met where these lie. */
export const checkSieve = async (
  component: string,
  { tree, tally, compile }: { readonly tree: RestoredTree; readonly tally: CheckTally; readonly compile: CompileSieve },
  run: Run,
): Promise<void> => {
  for await (const { path } of tree.files(run)) {
    if (!path.endsWith('.sieve')) continue;
    const subject = `${component}/${path}`;
    const outcome = await compile(`${tree.folder}/${path}`, run);
    if (outcome.kind === 'missing') {
      tally.skip(outcome.reason, outcome.what);
      return;
    }
    if (outcome.kind === 'unknown') tally.skip('no-program', outcome.said);
    else tally.look();
    if (outcome.kind === 'refused') tally.find({ kind: 'sieve-error', subject, detail: outcome.said });
  }
};
