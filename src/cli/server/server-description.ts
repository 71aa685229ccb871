import type { ServerOrigin } from '../../contract/server-origin.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import type { SnapshotDescription } from '../../model/snapshot.ts';
import { serverTag } from '../../operation/server/repository-night.ts';
import { processIdentity } from '../../system/identity.ts';
import { describeMachine } from '../../system/machine.ts';
import { originOf } from '../../registry/server.ts';
import type { CommandContext } from '../context.ts';
import { localZoned } from '../parse-time.ts';
import { serverHost, type ServerJob } from './server-job.ts';

/** What is left out of which component; two snapshots with equal lists were made by the same rules. */
export const rulesOf = ({ entry }: Pick<ServerJob, 'entry'>): readonly string[] =>
  Object.entries(entry.components).flatMap(([name, setting]) =>
    setting.kind === 'files' ? setting.exclude.map((pattern) => `${name}: ${pattern}`) : [],
  );

/** What the snapshots of a server are of: one folder under its name. */
export const serverDescription = (
  job: Pick<ServerJob, 'name' | 'entry'>,
  { environment, run }: Pick<CommandContext, 'environment' | 'run'>,
): SnapshotDescription => {
  const { pid: _pid, ...identity } = processIdentity();
  return {
    ...identity,
    hostname: environment.host ?? identity.hostname,
    time: localZoned(run.now()),
    paths: [byteStringOfText(`/${job.name}`)],
    excludes: rulesOf(job),
    tags: [serverTag(job.name)],
  };
};

/** Where the components of a server come from, and on what machine, as its backups say it. */
export const serverOrigin = async (
  { name, entry }: Pick<ServerJob, 'name' | 'entry'>,
  context: Pick<CommandContext, 'environment' | 'run'>,
): Promise<ServerOrigin> => {
  const { environment, run } = context;
  const origin = await originOf(entry, { server: name, host: serverHost(context) });
  const path = environment.variables['PATH'];
  const { distribution, families, ...machine } = await describeMachine({ path, signal: run.signal });
  return {
    ...origin,
    machine: {
      ...(distribution === undefined ? {} : { distribution }),
      families: [...families],
      ...machine,
      capturedBy: processIdentity().uid,
    },
  };
};
