import { byteStringOfText } from '../../model/byte-string.ts';
import type { SnapshotDescription } from '../../model/snapshot.ts';
import { processIdentity } from '../../system/identity.ts';
import type { CommandContext } from '../context.ts';
import { localZoned } from '../parse-time.ts';

/** What the snapshots of an account are of: its name tells it from others, whatever server it is on today. */
export const accountDescription = (name: string, { environment, run }: CommandContext): SnapshotDescription => {
  const { pid: _pid, ...identity } = processIdentity();
  return {
    ...identity,
    hostname: environment.host ?? identity.hostname,
    time: localZoned(run.now()),
    paths: [byteStringOfText(`/imap/${name}`)],
    excludes: [],
    tags: [],
  };
};
