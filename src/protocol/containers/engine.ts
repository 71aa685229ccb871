import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { isFault } from '../../model/fault.ts';
import { type ProgramResult, runProgram } from '../../system/run-program.ts';

export type EngineKind = 'docker' | 'podman';

/** A program that runs containers, and reaches its daemon where it has one. */
export interface Engine {
  readonly kind: EngineKind;
  /** All that it gets of the environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What finds docker, podman and their daemon; in the rest there may be secrets. */
const keptVariable = /^(?:PATH|HOME|USER|LOGNAME|TMPDIR|TZ|XDG_RUNTIME_DIR|XDG_CONFIG_HOME|DOCKER_.*|CONTAINERS?_.*)$/;

export const engineOf = (kind: EngineKind, variables: Readonly<Record<string, string | undefined>>): Engine => ({
  kind,
  environment: Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) =>
      value !== undefined && keptVariable.test(name) ? [[name, value] as const] : [],
    ),
  ),
});

/** Undefined: there is no such program. In a process group of its own: Ctrl-C is ours to heed. */
export const askEngine = (
  { kind, environment }: Engine,
  parameters: readonly string[],
  { signal }: Pick<Run, 'signal'>,
): Promise<ProgramResult | undefined> => runProgram({ program: kind, parameters, environment, signal, apart: true });

/** A daemon that does not answer for so long will not. */
const patience = 30_000;

/** Whether it can be used here: its program is there, and its daemon answers. Fault `interrupted`. */
export const isUsable = async (engine: Engine, run: Run): Promise<boolean> => {
  const signal = AbortSignal.any([run.signal, AbortSignal.timeout(patience)]);
  try {
    return (await askEngine(engine, ['image', 'ls', '--quiet'], { signal }))?.code === 0;
  } catch (error) {
    throwIfInterrupted(run);
    if (!isFault(error, 'interrupted')) throw error;
    return false;
  }
};
