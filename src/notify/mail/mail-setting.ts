import { z } from 'zod';
import { secretSource } from '../../contract/secret-source.ts';
import { exactlyOne, pathSetting, type ResolvePath } from '../../contract/setting.ts';

const addressSetting = z
  .string()
  .regex(/^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+$/, { error: 'must be a mail address, such as me@example.com' });

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);

const smtpSetting = (resolve: ResolvePath) =>
  z
    .strictObject({
      host: z
        .string()
        .min(1)
        .regex(/^[^\s/@]+$/, { error: 'must be the name of a host, without a scheme or a port' })
        .meta({ description: 'The SMTP server that takes mail from you.', sample: 'smtp.fastmail.com' }),
      port: z.int().min(1).max(65_535).optional().meta({
        description: 'Default: 465 with tls, 587 with starttls, 25 without either.',
        sample: 465,
      }),
      security: z.enum(['tls', 'starttls', 'none']).default('tls').meta({
        description:
          'TLS from the first byte, TLS after STARTTLS (never without it), or none, which only this machine itself may have.',
      }),
      certificateAuthority: pathSetting(resolve).optional().meta({
        description: "A PEM file of the authorities that may vouch for the server, in place of the system's.",
      }),
      user: z
        .string()
        .min(1)
        .optional()
        .meta({ description: 'The user name, with a password.', sample: 'me@example.com' }),
      login: exactlyOne({
        password: secretSource(resolve).meta({ description: 'A password, or an application password.' }),
        account: z.string().min(1).meta({
          description: 'As this account of the configuration logs in, whether by password or OAuth.',
          sample: 'fastmail',
        }),
      })
        .optional()
        .meta({ description: 'How to log in. Without it, there is no login.' }),
    })
    .superRefine(({ security, host, user, login }, context) => {
      const refuse = (path: string, message: string): void =>
        context.addIssue({ code: 'custom', path: [path], message });
      if (security === 'none' && !isLoopback(host)) {
        refuse('security', 'may be none only for this machine itself: passwords and reports would go in the clear');
      }
      if (login?.kind === 'password' && user === undefined) refuse('user', 'is missing: a password needs a user');
      if (login?.kind !== 'password' && user !== undefined) refuse('user', 'stands beside a password only');
    })
    .transform(({ port, ...smtp }) => ({
      ...smtp,
      port: port ?? { tls: 465, starttls: 587, none: 25 }[smtp.security],
    }));

export const mailSetting = (resolve: ResolvePath) =>
  z.strictObject({
    to: z
      .array(addressSetting)
      .min(1)
      .max(20)
      .meta({
        description: 'Who gets it.',
        sample: ['me@example.com'],
      }),
    from: addressSetting.optional().meta({
      description: 'Who it is from. Default: mailkeep at the name of this machine, which many servers do not take.',
      sample: 'me@example.com',
    }),
    by: z
      .union(
        [
          z.literal('sendmail').transform(() => ({ kind: 'sendmail', value: undefined }) as const),
          exactlyOne({
            sendmail: pathSetting(resolve).meta({ description: 'The program, where it is not in its usual places.' }),
            smtp: smtpSetting(resolve).meta({ description: 'By a server.' }),
          }),
        ],
        { error: 'must be "sendmail", or {smtp: …}, or {sendmail: PROGRAM}' },
      )
      .prefault('sendmail')
      .meta({ description: 'By the program sendmail of this machine, or by an SMTP server.', sample: 'sendmail' }),
  });

export type MailSetting = z.output<ReturnType<typeof mailSetting>>;
export type SmtpSetting = z.output<ReturnType<typeof smtpSetting>>;
