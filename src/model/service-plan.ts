/** A service as it was found. */
export interface FoundService {
  readonly name: string;
  /** `unknown`: there is nobody who could be asked. */
  readonly state: 'running' | 'stopped' | 'unknown';
  /** Databases are loaded into it while it runs. */
  readonly isDatabase: boolean;
}

export interface ServiceWish {
  /** Something is restored that services read and write. */
  readonly needsRest: boolean;
  /** Databases are loaded, which must run. */
  readonly needsDatabase: boolean;
  /** The whole server is restored. */
  readonly isWhole: boolean;
  /** Stopped by a restore that did not come to its end. */
  readonly left: readonly string[];
}

export interface ServicePlan {
  readonly stop: readonly string[];
  /** Before databases are loaded. */
  readonly startFirst: readonly string[];
  /** At the end: what ran before; on a machine where nothing ran, all, if it is to have all or databases. */
  readonly start: readonly string[];
}

const namesOf = (services: readonly FoundService[]): readonly string[] => services.map(({ name }) => name);

/** What is stopped and started around a restore. */
export const planServices = (
  found: readonly FoundService[],
  { needsRest, needsDatabase, isWhole, left }: ServiceWish,
): ServicePlan => {
  const isIdle = found.every(({ state }) => state === 'stopped') && left.length === 0;
  // One that nobody can ask about may be the database itself, so it is not stopped for databases alone.
  const atWork = found.filter(
    ({ state, isDatabase }) => state === 'running' || (state === 'unknown' && (needsRest || !isDatabase)),
  );
  const stop =
    needsRest || needsDatabase ? atWork.filter(({ state, isDatabase }) => !isDatabase || state === 'unknown') : [];
  const databases = needsDatabase ? found.filter(({ state, isDatabase }) => isDatabase && state !== 'running') : [];
  const startFirst = databases.filter(
    ({ state, name }) => state === 'stopped' || stop.some((one) => one.name === name),
  );
  const ran =
    isIdle && (isWhole || needsDatabase) ? found : [...stop, ...found.filter(({ name }) => left.includes(name))];
  const start = [...new Set(namesOf(ran))].filter((name) => !namesOf(startFirst).includes(name));
  return { stop: namesOf(stop), startFirst: namesOf(startFirst), start };
};
