import type { Backend } from '../../contract/backend.ts';
import type { StorageSettings } from '../../contract/storage-settings.ts';
import { throwIfInterrupted } from '../../contract/run.ts';
import { Fault } from '../../model/fault.ts';
import { checkHandle, checkRange } from '../object-name.ts';
import { proxyVariables } from '../proxy-variables.ts';
import { connectS3, type S3Place } from './connection.ts';
import { describeS3Location, parseS3Location } from './location.ts';
import { makeBucket } from './make-bucket.ts';
import { listedAtOnce, listObjects } from './list-objects.ts';
import { loadObject, sizeOfObject } from './read-object.ts';
import { s3Settings } from './settings.ts';
import { createS3Versions } from './versions.ts';
import { createSave, removeObject } from './write-object.ts';

/** A repository in a bucket, in restic's layout; see `S3Place`. Nothing is asked before the first call. */
const openPlace = (place: S3Place): Backend => {
  const connection = connectS3(place);
  const save = createSave(connection);
  /** Our own, which need not be looked for before they are removed. */
  const locks = new Set<string>();
  return {
    description: describeS3Location(place.location),
    capabilities: { immutable: false, connections: place.settings.connections, isRemote: true, listedAtOnce },
    entrance: { module: import.meta.url, location: place },
    versions: createS3Versions(connection),
    create: (run) => makeBucket(connection, run),
    size: async (handle, run) => {
      throwIfInterrupted(run);
      checkHandle(handle);
      return sizeOfObject(connection, handle, run);
    },
    save: async (handle, parts, run) => {
      throwIfInterrupted(run);
      checkHandle(handle);
      await save(handle, parts, run);
      if (handle.kind === 'lock') locks.add(handle.name);
    },
    load: async (handle, range, run) => {
      throwIfInterrupted(run);
      checkHandle(handle);
      checkRange(range);
      return loadObject(connection, handle, range, run);
    },
    list: (kind, run) => listObjects(connection, kind, run),
    remove: async (handle, run) => {
      throwIfInterrupted(run);
      checkHandle(handle);
      await removeObject(connection, handle, run, handle.kind === 'lock' && locks.delete(handle.name));
    },
    close: () => connection.close(),
  };
};

/** Opens what `s3:…` names. Faults: `usage`, `credentials-missing`, `unsupported`. */
export const openS3Backend = (location: string, settings: StorageSettings): Backend => {
  const parsed = parseS3Location(location);
  return openPlace({
    location: parsed,
    settings: s3Settings(parsed, settings),
    tls: settings.tls,
    proxy: proxyVariables(settings.variables),
    stuckTimeout: settings.stuckTimeout,
  });
};

const isPlace = (value: unknown): value is S3Place =>
  typeof value === 'object' && value !== null && 'location' in value && 'settings' in value && 'stuckTimeout' in value;

/** How another thread opens what `entrance` of an S3 backend leads to. */
export const openInThread = async (location: unknown): Promise<Backend> => {
  if (isPlace(location)) return openPlace(location);
  throw new Fault('internal', 'this is not the location of an S3 backend');
};
