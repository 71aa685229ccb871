import type { SecretSource } from '../contract/secret-source.ts';
import type { Run } from '../contract/run.ts';
import type { Secret } from '../model/secret.ts';
import type { NotifierParts } from './parts.ts';
import { orAborted, usualPatience, withPatience } from './patience.ts';

/**
 * Reads the secrets of a notification within its patience: a command that hangs is ended. Also says how many milliseconds are left
 * for sending. Faults as `ReadSecret`, and `server-unavailable` when the time is over.
 */
export const readPatiently = async <Secrets>(
  { readSecret, patience = usualPatience }: Pick<NotifierParts, 'readSecret' | 'patience'>,
  run: Run,
  work: (read: (source: SecretSource) => Promise<Secret>) => Promise<Secrets>,
): Promise<{ readonly secrets: Secrets; readonly patience: number }> => {
  const begun = performance.now();
  const secrets = await withPatience('what holds the secrets of the notification', { patience, run }, (signal) =>
    orAborted(
      work((source) => readSecret(source, { signal })),
      signal,
    ),
  );
  return { secrets, patience: Math.max(1, patience - (performance.now() - begun)) };
};
