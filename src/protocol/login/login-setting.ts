import { z } from 'zod';
import { secretSource } from '../../contract/secret-source.ts';
import { exactlyOne, pathSetting, type ResolvePath } from '../../contract/setting.ts';
import { endpointSetting } from './endpoint.ts';

const authorities = (resolve: ResolvePath) =>
  pathSetting(resolve).optional().meta({
    description: 'A PEM file of the authorities that may vouch for the endpoints, in place of those of the system.',
  });

const scopes = z.array(z.string().min(1)).min(1);

const oauthSetting = (resolve: ResolvePath) =>
  z
    .strictObject({
      provider: z.enum(['google', 'microsoft', 'custom']).meta({
        description: 'Whose tokens: knows the endpoints and scopes. With custom, give the endpoints and scopes.',
        sample: 'google',
      }),
      clientId: z.string().min(1).meta({
        description: 'The id of your registration with the provider (docs/accounts.md says how to make one).',
        sample: '1234-abc.apps.googleusercontent.com',
      }),
      clientSecret: secretSource(resolve)
        .optional()
        .meta({ description: 'The secret of the registration, if it has one.' }),
      tenant: z
        .string()
        .regex(/^[\w.-]+$/, { error: 'must be the name or id of a tenant' })
        .default('common')
        .meta({
          description: 'Microsoft only: the tenant.',
          sample: 'example.onmicrosoft.com',
        }),
      flow: z.enum(['browser', 'device']).optional().meta({
        description:
          'How `mailkeep login` asks: in a browser on this machine, or with a code that is typed anywhere. Default: device with Microsoft, browser otherwise (Google gives no mail to devices).',
      }),
      scopes: scopes
        .optional()
        .meta({ description: 'What is asked for, in place of what the provider needs for IMAP.' }),
      authorizationEndpoint: endpointSetting.optional().meta({ description: 'Where the browser is sent.' }),
      tokenEndpoint: endpointSetting.optional().meta({ description: 'Where tokens are given out.' }),
      deviceEndpoint: endpointSetting.optional().meta({ description: 'Where codes for devices are given out.' }),
      certificateAuthority: authorities(resolve),
    })
    .superRefine(({ provider, tokenEndpoint, scopes }, context) => {
      if (provider !== 'custom') return;
      if (tokenEndpoint === undefined) {
        context.addIssue({ code: 'custom', message: 'needs a tokenEndpoint, as the provider is custom' });
      }
      if (scopes === undefined)
        context.addIssue({ code: 'custom', message: 'needs scopes, as the provider is custom' });
    });

const serviceAccountSetting = (resolve: ResolvePath) =>
  z.strictObject({
    key: secretSource(resolve).meta({
      description: 'The JSON key of the Google service account, which has domain-wide delegation.',
      sample: { file: '~/.config/mailkeep/service-account.json' },
    }),
    administrator: z.string().min(3).optional().meta({
      description:
        'An administrator of the domain, in whose name its users are listed. Needed with users: {domain: …}.',
      sample: 'admin@example.com',
    }),
    scopes: scopes.default(['https://www.googleapis.com/auth/gmail.imap_admin']).meta({
      description: 'The scope for IMAP. The default shows all labels and all messages, whatever users hide.',
    }),
    tokenEndpoint: endpointSetting.optional().meta({ description: "In place of the key's own token_uri." }),
    directoryEndpoint: endpointSetting
      .default('https://admin.googleapis.com/admin/directory/v1/users')
      .meta({ description: 'Where the users of the domain are listed.' }),
    certificateAuthority: authorities(resolve),
  });

const clientCredentialsSetting = (resolve: ResolvePath) =>
  z.strictObject({
    tenant: z
      .string()
      .regex(/^[\w.-]+$/, { error: 'must be the name or id of a tenant' })
      .meta({
        description: 'The tenant.',
        sample: 'example.onmicrosoft.com',
      }),
    clientId: z.string().min(1).meta({
      description: 'The id of the application, which has IMAP.AccessAsApp.',
      sample: '00000000-0000-0000-0000-000000000000',
    }),
    clientSecret: secretSource(resolve).meta({ description: 'Its secret.' }),
    scope: z
      .string()
      .min(1)
      .default('https://outlook.office365.com/.default')
      .meta({ description: 'What is asked for.' }),
    tokenEndpoint: endpointSetting.optional().meta({ description: "In place of Microsoft's, made from the tenant." }),
    certificateAuthority: authorities(resolve),
  });

/** How an account logs in. */
export const loginSetting = (resolve: ResolvePath) =>
  exactlyOne({
    password: secretSource(resolve).meta({
      description:
        'A password, or an application password: from a file, or {command: …}, {environment: …}, {keyring: {account: …}}.',
    }),
    oauth: oauthSetting(resolve).meta({
      description: 'OAuth 2.0 in the name of one person; `mailkeep login ACCOUNT` asks them once.',
    }),
    serviceAccount: serviceAccountSetting(resolve).meta({
      description: 'Google Workspace: a service account with domain-wide delegation, for many users.',
    }),
    clientCredentials: clientCredentialsSetting(resolve).meta({
      description: 'Microsoft 365: an application of its own right, for many users.',
    }),
  });

export type LoginSetting = z.output<ReturnType<typeof loginSetting>>;
type LoginOf<Kind extends LoginSetting['kind']> = Extract<LoginSetting, { kind: Kind }>['value'];
export type OauthSetting = LoginOf<'oauth'>;
export type ServiceAccountSetting = LoginOf<'serviceAccount'>;
export type ClientCredentialsSetting = LoginOf<'clientCredentials'>;
