import type { Rescue } from '../../contract/component.ts';
import { byteStringOfLatin1, byteStringOfText } from '../../model/byte-string.ts';
import { serverTag } from '../../operation/server/repository-night.ts';
import { rescueFile } from '../../operation/server/rescue-file.ts';
import type { CommandContext } from '../context.ts';
import { readRepository } from '../read-repository.ts';
import { contextOfRepository } from '../run/repository-upkeep.ts';
import type { ServerJob } from '../server/server-job.ts';

/** Where files of a server's disk may be found that have no good copy on it; undefined: it has no repository. */
export const rescueFromRepository = ({ name, entry }: ServerJob, context: CommandContext): Rescue | undefined => {
  const { repository } = entry;
  if (repository === undefined) return undefined;
  return async ({ path, started }) => {
    let found: Awaited<ReturnType<typeof rescueFile>>;
    await readRepository(contextOfRepository(repository, context), async (store, run) => {
      const snapshots = (await store.snapshots(run))
        .filter(({ tags }) => tags.includes(serverTag(name)))
        .map(({ id, time }) => ({ id, time: Number(time.nanoseconds / 1_000_000n) }));
      const parts = [byteStringOfText(name), ...path.split('/').map((part) => byteStringOfLatin1(part))];
      const open = (id: string) => store.open(id, run);
      found = await rescueFile({ snapshots, open }, { path: parts, time: started }, run);
    });
    if (found === undefined) return undefined;
    const { snapshot, chunks } = found;
    return { from: `snapshot ${snapshot.slice(0, 8)}`, bytes: each(chunks) };
  };
};

async function* each(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
