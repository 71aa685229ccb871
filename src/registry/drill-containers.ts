import type { Run } from '../contract/run.ts';
import type { EngineKind } from '../protocol/containers/engine.ts';
import type { ContainerWish } from '../protocol/containers/container-site.ts';
import type { FoundImage, ImageWish } from '../protocol/containers/program-images.ts';
import type { ProgramSite } from '../system/program-site.ts';
import type { NotedContainer } from '../system/scratch-folder.ts';

export type { EngineKind } from '../protocol/containers/engine.ts';
export type { FoundImage, LiveContainer, ContainerProgram } from '../protocol/containers/program-images.ts';

/* Containers of a drill; imported when they are asked for. */

type Variables = Readonly<Record<string, string | undefined>>;

export interface DrillImages {
  /** The first that answers. */
  readonly engine: EngineKind;
  readonly images: readonly FoundImage[];
}

/** What is there of images for a program; undefined: there is no engine here that answers. */
export const drillImages = async (
  { engine, ...wish }: ImageWish & { readonly engine: EngineKind | undefined },
  variables: Variables,
  run: Run,
): Promise<DrillImages | undefined> => {
  const { engineOf, isUsable } = await import('../protocol/containers/engine.ts');
  const { imagesFor } = await import('../protocol/containers/program-images.ts');
  const kinds: readonly EngineKind[] = engine === undefined ? ['docker', 'podman'] : [engine];
  const usable = [];
  for (const one of kinds.map((kind) => engineOf(kind, variables))) if (await isUsable(one, run)) usable.push(one);
  const [first] = usable;
  return first === undefined ? undefined : { engine: first.kind, images: await imagesFor(usable, wish, run) };
};

/** Fault `server-unavailable` when it does not start. */
export const containerSite = async (wish: ContainerWish, run: Run): Promise<ProgramSite> => {
  const { openContainer } = await import('../protocol/containers/container-site.ts');
  return openContainer(wish, run);
};

/** Ends one that a drill which was killed has left. */
export const endLeftContainer = async ({ engine, name }: NotedContainer, variables: Variables): Promise<boolean> => {
  const { engineOf } = await import('../protocol/containers/engine.ts');
  const { endContainer } = await import('../protocol/containers/end-container.ts');
  return endContainer(engineOf(engine, variables), name);
};
