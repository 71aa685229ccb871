import type { ProgramSite } from '../../../system/program-site.ts';
import type { ServiceIdentity } from '../../../system/started-service.ts';
import type { DatabasePlace } from '../config.ts';

/** Where the programs of clients of a throw-away server run: beside it. */
export const placeOf = ({ container }: ProgramSite): DatabasePlace | undefined =>
  container === undefined ? undefined : { kind: container.engine, value: container.name };

/** As whom clients run in a container: as the server, whose folder is closed to all others there. On this machine, as we do. */
export const userIn = ({
  site,
  identity,
}: {
  readonly site: ProgramSite;
  readonly identity: ServiceIdentity | undefined;
}): string | undefined =>
  site.container === undefined || identity === undefined ? undefined : `${identity.uid}:${identity.gid}`;
