import { type ProgramCall, type ProgramResult, runProgram } from './run-program.ts';
import { type ServiceCall, type StartedService, startService } from './started-service.ts';

export type SiteCall = Pick<ProgramCall, 'program' | 'parameters' | 'input' | 'identity' | 'folder'>;
export type SiteService = Pick<ServiceCall, 'program' | 'parameters' | 'identity' | 'folder'>;

/** A container that a site is. */
export interface SiteContainer {
  readonly engine: 'docker' | 'podman';
  readonly name: string;
  /** For people: as somebody has named it. */
  readonly image: string;
}

/** Where the programs of one service are: on this machine, or in a container of its own. Paths are the same in both. */
export interface ProgramSite {
  /** What a program that is started to reach it gets of the environment. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Undefined: this machine itself. */
  readonly container: SiteContainer | undefined;
  /** Runs a program there to its end. Undefined: there is no such program. Faults as `runProgram`. */
  run(call: SiteCall, signal: AbortSignal): Promise<ProgramResult | undefined>;
  /** Starts the service. What runs in a container ends with it. Undefined: there is no such program. */
  start(call: SiteService): Promise<StartedService | undefined>;
  /** Ends what runs there besides; does nothing the second time. */
  close(): Promise<void>;
}

/** As a drill records it: nothing of this machine itself. */
export const imageOf = ({ container }: ProgramSite): { readonly image?: string } =>
  container === undefined ? {} : { image: container.image };

/** `environment`: all that its programs get. */
export const machineSite = (environment: ProgramSite['variables']): ProgramSite => ({
  variables: environment,
  container: undefined,
  run: (call, signal) => runProgram({ ...call, environment, signal }),
  start: (call) => startService({ ...call, environment }),
  close: () => Promise.resolve(),
});
