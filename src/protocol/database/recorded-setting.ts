import { Fault } from '../../model/fault.ts';
import { databaseSetting, type DatabaseSetting } from './config.ts';

/** A setting as a backup keeps it: how the database is reached, in the words of a configuration, without any secret. */
export const recordedSetting = (setting: DatabaseSetting): Readonly<Record<string, unknown>> => {
  if (setting.database === 'sqlite') return { ...setting };
  const { in: place, password, ...others } = setting;
  const named = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined));
  return {
    ...named,
    ...(place === undefined ? {} : { in: { [place.kind]: place.value } }),
    // Where a secret lies is none; a command or a value may be one.
    ...(password?.kind === 'file' ? { password: { file: password.value } } : {}),
  };
};

/** Fault `unsupported` for what a later version has written. */
export const settingOfRecord = (record: Readonly<Record<string, unknown>>): DatabaseSetting => {
  const { success, data } = databaseSetting((path) => path).safeParse(record);
  if (success) return data;
  throw new Fault('unsupported', 'how the database of this backup was reached cannot be understood by this version', {
    hint: 'Describe the server in mailkeep.yaml: docs/mail-server.md.',
  });
};
