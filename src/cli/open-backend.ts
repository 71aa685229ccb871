import { readSecret } from '../config/read-secret.ts';
import type { Backend } from '../contract/backend.ts';
import type { SecretSource } from '../contract/secret-source.ts';
import { backendAt } from '../registry.ts';
import type { CommandContext } from './context.ts';
import { storageSettings } from './storage-options.ts';

/** What the configuration says of a repository's storage: restic's `-o`, and credentials by the variables that name them. */
export interface ConfiguredStorage {
  readonly options: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, SecretSource>>;
}

/** Opens the storage at a location. The command line comes before the configuration, and that before the environment. */
export const openBackend = async (
  { location, storage }: { readonly location: string; readonly storage?: ConfiguredStorage | undefined },
  context: CommandContext,
): Promise<Backend> => {
  const settings = storageSettings(context);
  if (storage === undefined) return backendAt(location, settings);
  const variables: Record<string, string | undefined> = { ...settings.variables };
  for (const [name, source] of Object.entries(storage.environment)) {
    variables[name] = (await readSecret(source, context.run)).reveal();
  }
  return backendAt(location, { ...settings, options: { ...storage.options, ...settings.options }, variables });
};
