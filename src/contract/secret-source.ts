import { z } from 'zod';
import type { Secret } from '../model/secret.ts';
import type { Run } from './run.ts';
import { exactlyOne, pathSetting, type ResolvePath } from './setting.ts';

/** Where a secret comes from, as a configuration says it. */
export const secretSource = (resolve: ResolvePath) =>
  exactlyOne({
    file: pathSetting(resolve).meta({
      description:
        'A file that holds it; a line break at the end is not part of it. Others must not be able to read it.',
      sample: '~/.config/mailkeep/password',
    }),
    command: z.string().min(1).meta({
      description: 'A command that prints it. Quotes are understood; there is no shell.',
      sample: 'pass show mail/fastmail',
    }),
    environment: z
      .string()
      .regex(/^[A-Za-z_]\w*$/, { error: 'must be the name of a variable' })
      .meta({
        description: 'A variable of the environment that holds it.',
        sample: 'FASTMAIL_PASSWORD',
      }),
    keyring: z
      .strictObject({
        service: z.string().min(1).default('mailkeep').meta({ description: 'The attribute "service" of the entry.' }),
        account: z.string().min(1).meta({ description: 'The attribute "account" of the entry.', sample: 'fastmail' }),
      })
      .meta({
        description:
          'An entry of the system keyring: Secret Service (GNOME, KDE) through secret-tool, or the keychain of macOS.',
      }),
    value: z.string().min(1).meta({
      description: 'The secret itself. Only in a file that nobody else can read; better one of the others.',
    }),
  });

export type SecretSource = z.output<ReturnType<typeof secretSource>>;

/** Fetches a secret. Faults: `configuration`, `interrupted`; neither holds the secret, nor what a command printed. */
export type ReadSecret = (source: SecretSource, run: Pick<Run, 'signal'>) => Promise<Secret>;
