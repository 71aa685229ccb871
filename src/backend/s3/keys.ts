import type { ObjectHandle, ObjectKind } from '../../contract/backend.ts';
import { isObjectName } from '../object-name.ts';
import type { S3Location } from './location.ts';

const folders: Readonly<Record<Exclude<ObjectKind, 'config'>, string>> = {
  key: 'keys',
  lock: 'locks',
  snapshot: 'snapshots',
  index: 'index',
  pack: 'data',
};

const inPrefix = ({ prefix }: S3Location, key: string): string => (prefix === '' ? key : `${prefix}/${key}`);

/** The key of an object, as restic lays out a repository. */
export const keyOf = (location: S3Location, { kind, name }: ObjectHandle): string => {
  if (kind === 'config') return inPrefix(location, 'config');
  const folder = kind === 'pack' ? `data/${name.slice(0, 2)}` : folders[kind];
  return inPrefix(location, `${folder}/${name}`);
};

/** What the keys of all objects of a kind begin with; of the config all of it. */
export const prefixOf = (location: S3Location, kind: ObjectKind): string =>
  inPrefix(location, kind === 'config' ? 'config' : `${folders[kind]}/`);

/** The name of the object whose key this is; undefined for what is none. */
export const nameOf = (location: S3Location, kind: ObjectKind, key: string | undefined): string | undefined => {
  const start = prefixOf(location, kind);
  if (kind === 'config') return key === start ? '' : undefined;
  if (key === undefined || !key.startsWith(start)) return undefined;
  const rest = key.slice(start.length);
  const name = kind === 'pack' ? rest.slice(3) : rest;
  if (!isObjectName(kind, name)) return undefined;
  return kind === 'pack' && rest.slice(0, 3) !== `${name.slice(0, 2)}/` ? undefined : name;
};
