import type { RewrittenSnapshot } from '../store/restic/rewrite/rewrite-snapshots.ts';
import type { CommandContext } from './context.ts';

/** What became of each snapshot, as lines or as JSON. */
export const reportRewritten = (
  results: readonly RewrittenSnapshot[],
  { json, forget, dryRun }: { readonly json: boolean; readonly forget: boolean; readonly dryRun: boolean },
  { output, messages }: CommandContext,
): void => {
  if (json) {
    const snapshots = results.map(({ snapshot, outcome, newId }) => ({ id: snapshot.id, outcome, new_id: newId }));
    output.print(JSON.stringify({ message_type: 'summary', dry_run: dryRun, forget, snapshots }));
    return;
  }
  for (const { snapshot, outcome, newId } of results) {
    const id = snapshot.id.slice(0, 8);
    if (outcome === 'changed') output.print(messages.snapshotRewritten(id, newId?.slice(0, 8), forget));
    else if (outcome === 'lost') output.print(messages.snapshotLost(id, forget && !dryRun));
    else output.print(messages.snapshotUnchanged(id));
  }
};
