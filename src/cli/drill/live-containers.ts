import { z } from 'zod';
import type { ThrowawayKind } from '../../contract/drill.ts';
import type { ServerOrigin } from '../../contract/server-origin.ts';
import type { ContainerProgram, LiveContainer } from '../../registry/drill-containers.ts';
import type { ProgramWish } from './drill-sites.ts';

/** `in` of a database, as backups record it. */
const recordedPlace = z
  .object({
    docker: z.string().optional(),
    podman: z.string().optional(),
    compose: z.object({ file: z.string(), service: z.string() }).optional(),
  })
  .catch({});

const recordedCompose = z.object({ compose: z.object({ file: z.string() }).optional() }).catch({});

const liveContainers = (recorded: unknown): readonly LiveContainer[] => {
  const { docker, podman, compose } = recordedPlace.parse(recorded ?? {});
  return [
    ...(docker === undefined ? [] : [{ kind: 'docker', name: docker } as const]),
    ...(podman === undefined ? [] : [{ kind: 'podman', name: podman } as const]),
    ...(compose === undefined ? [] : [{ kind: 'compose', ...compose } as const]),
  ];
};

/** SQLite is a part of us. */
export type StartedKind = Exclude<ThrowawayKind, 'sqlite'>;

const programs: Readonly<Record<StartedKind, ContainerProgram>> = {
  mariadb: 'mariadb',
  postgres: 'postgres',
  redis: 'redis',
};

/** What is looked for to load a database. `recorded`: how the live one was reached. */
export const databaseWish = (
  kind: StartedKind,
  recorded: Readonly<Record<string, unknown>>,
): Pick<ProgramWish, 'program' | 'live'> => ({
  program: recorded['database'] === 'mysql' ? 'mysql' : programs[kind],
  live: liveContainers(recorded['in']),
});

/** Compose files that a backup names: where its databases are, and what a restore stops. */
export const recordedProjects = (origin: ServerOrigin | undefined): readonly LiveContainer[] => {
  const places = [...(origin?.components ?? []).map(({ database }) => database?.['in']), origin?.stop];
  const files = places.flatMap((place) => recordedCompose.parse(place ?? {}).compose?.file ?? []);
  return [...new Set(files)].map((file) => ({ kind: 'compose', file, service: undefined }));
};
