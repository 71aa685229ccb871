import { z } from 'zod';
import { exactlyOne, pathSetting, type ResolvePath } from '../../contract/setting.ts';
import { type BrakeLimits, usualBrakeLimits } from '../../model/damage-brake.ts';
import { isLoopback } from '../login/endpoint.ts';
import { loginSetting } from '../login/login-setting.ts';

/** When a run looks so much like a loss that nothing older may go because of it (requirement A8). */
const brakeSetting = z
  .strictObject({
    gonePercent: z
      .number()
      .min(0)
      .max(100)
      .default(usualBrakeLimits.goneShare * 100)
      .meta({
        description: 'When at least this share of the messages of the account or of one folder is gone, in percent …',
      }),
    goneMessages: z.int().min(1).default(usualBrakeLimits.goneMessages).meta({
      description: '… and at least this many. An account that shows no message at all always stops.',
    }),
    renewedFoldersPercent: z
      .number()
      .min(0)
      .max(100)
      .default(usualBrakeLimits.renewedFoldersShare * 100)
      .meta({
        description: 'When UIDVALIDITY changed in at least this share of the folders, in percent.',
      }),
    changedBodies: z.int().min(1).default(usualBrakeLimits.changedBodies).meta({
      description: 'When at least this many messages have another content under a known identity.',
    }),
  })
  .prefault({})
  .transform(({ gonePercent, goneMessages, renewedFoldersPercent, changedBodies }): BrakeLimits => ({
    goneShare: gonePercent / 100,
    goneMessages,
    renewedFoldersShare: renewedFoldersPercent / 100,
    changedBodies,
  }));

const folderPattern = z.string().min(1);

const foldersSetting = z
  .strictObject({
    include: z
      .array(folderPattern)
      .min(1)
      .optional()
      .meta({
        description: 'Only these folders: names, globs (`Archive/**`), or special uses (`\\Sent`). Without it, all.',
        sample: ['INBOX', 'Archive/**'],
      }),
    exclude: z
      .array(folderPattern)
      .default([])
      .meta({
        description: 'Not these, even where include names them.',
        sample: ['Spam', 'Trash', '\\Junk', '\\Trash'],
        inSample: true,
      }),
  })
  .prefault({});

/** Of many users the name is a part of the account's name, and of the path of a mirror. */
const userName = z.string().regex(/^(?!\.{1,2}$)[^\s/\0]+$/, { error: 'must be an address or a user name' });

const usersSetting = z.union(
  [
    z.array(userName).min(1),
    z.strictObject({
      domain: z.string().min(1).meta({ description: 'All users of this domain.', sample: 'example.com' }),
      exclude: z.array(userName).default([]).meta({ description: 'But not these addresses.' }),
    }),
  ],
  { error: 'must be a list of addresses, or {domain: …}' },
);

const storeSetting = (resolve: ResolvePath) =>
  z
    .union(
      [
        z.literal('direct'),
        exactlyOne({
          mirror: pathSetting(resolve).meta({
            description: 'A folder that is kept as a Maildir like the account; of many users, each has a folder in it.',
            sample: '~/Mail/fastmail',
          }),
        }),
      ],
      { error: 'must be "direct", or {mirror: FOLDER}' },
    )
    .default('direct');

const fields = (resolve: ResolvePath) => ({
  host: z
    .string()
    .min(1)
    .regex(/^[^\s/@]+$/, { error: 'must be the name of a host, without a scheme or a port' })
    .meta({
      description: 'The IMAP server.',
      sample: 'imap.fastmail.com',
    }),
  port: z.int().min(1).max(65_535).optional().meta({
    description: 'Default: 993 with tls, 143 otherwise.',
    sample: 993,
  }),
  security: z.enum(['tls', 'starttls', 'none']).default('tls').meta({
    description:
      'TLS from the first byte, TLS after STARTTLS (never without it), or none, which only this machine itself may have.',
  }),
  certificateAuthority: pathSetting(resolve).optional().meta({
    description: "A PEM file of the authorities that may vouch for the server, in place of the system's.",
  }),
  certificateFingerprint: z
    .string()
    .regex(/^(?:[0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/, { error: 'must be the 64 hexadecimal digits of a SHA-256' })
    .transform((text) => text.replaceAll(':', '').toLowerCase())
    .optional()
    .meta({
      description: "The SHA-256 of the server's certificate: this very one is trusted, whoever vouches for it.",
    }),
  user: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'The user name; often the address.', sample: 'alice@example.com', inSample: true }),
  users: usersSetting.optional().meta({
    description:
      'In place of user: one account for each of these addresses, with serviceAccount or clientCredentials. {domain: …} asks Google for all users.',
    sample: { domain: 'example.com' },
  }),
  login: loginSetting(resolve).meta({ description: 'How to log in.' }),
  connections: z.int().min(1).max(15).default(4).meta({ description: 'How many connections at once.' }),
  folders: foldersSetting.meta({ description: 'Which folders.', inSample: true }),
  store: storeSetting(resolve).meta({
    description:
      'Straight into the repository (direct), or first into a Maildir on this machine, which is then backed up.',
    sample: { mirror: '~/Mail/fastmail' },
  }),
  repository: z.string().min(1).optional().meta({
    description: 'The repository, by its name above. Where there is only one, that is it.',
    sample: 'main',
  }),
  brake: brakeSetting.meta({ description: 'When to stop and ask a person.' }),
});

/** One entry of `accounts:`. */
export const imapAccountSetting = (resolve: ResolvePath) =>
  z
    .strictObject(fields(resolve))
    .superRefine((account, context) => {
      const refuse = (path: string, message: string): void =>
        context.addIssue({ code: 'custom', path: [path], message });
      const { kind } = account.login;
      if (account.security === 'none' && !isLoopback(account.host)) {
        refuse('security', 'may be none only for this machine itself: passwords and mail would go in the clear');
      }
      if (account.user === undefined && account.users === undefined) refuse('user', 'is missing');
      if (account.user !== undefined && account.users !== undefined) refuse('users', 'cannot stand beside user');
      if (account.users === undefined) return;
      if (kind !== 'serviceAccount' && kind !== 'clientCredentials') {
        refuse('users', 'needs a login by serviceAccount or clientCredentials; a password opens one account only');
      } else if (!Array.isArray(account.users)) {
        if (kind !== 'serviceAccount')
          refuse('users', 'must be a list of addresses: only Google tells all users of a domain');
        else if (account.login.value.administrator === undefined) {
          refuse('login', 'needs an administrator, in whose name the users of the domain are listed');
        }
      }
    })
    .transform(({ port, store, ...account }) => ({
      ...account,
      port: port ?? (account.security === 'tls' ? 993 : 143),
      store: store === 'direct' ? ({ kind: 'direct' } as const) : ({ kind: 'mirror', folder: store.value } as const),
    }));

/** One entry as it is used; `user` or `users` is there. */
export type ImapAccountEntry = z.output<ReturnType<typeof imapAccountSetting>>;

/** An account of one user, with everything that its connection, capture and store need. */
export interface ImapAccount extends Omit<ImapAccountEntry, 'user' | 'users'> {
  /** As in the configuration; of many users, `NAME/USER`. */
  readonly name: string;
  readonly user: string;
}
