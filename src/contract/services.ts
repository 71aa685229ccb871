import type { FoundService } from '../model/service-plan.ts';
import type { Run } from './run.ts';

/** The services of a server, which must be at rest while it is restored. */
export interface Services {
  /** For people: `compose services of /opt/mailserver/docker-compose.yml`. */
  readonly description: string;
  /**
   * All of them, those that databases run in marked. Asks the system; changes nothing. `left`: those that an earlier restore has stopped
   * and not started again, which the system may not tell of any more.
   */
  list(run: Run, left?: readonly string[]): Promise<readonly FoundService[]>;
  /** Faults `io-failed`, with what the program said; `interrupted`. */
  stop(names: readonly string[], run: Run): Promise<void>;
  /** As `stop`. */
  start(names: readonly string[], run: Run): Promise<void>;
}
