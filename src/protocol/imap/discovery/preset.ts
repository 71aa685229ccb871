/** How a provider lets programs log in; the first is what is proposed. */
export type LoginWay = 'application-password' | 'password' | 'oauth-google' | 'oauth-microsoft';

/** What is known of a provider of mail. */
export interface Preset {
  readonly id: 'fastmail' | 'gmail' | 'microsoft365' | 'icloud' | 'yahoo';
  readonly title: string;
  readonly host: string;
  readonly logins: readonly LoginWay[];
  /** The last parts of the domains whose addresses it has. */
  readonly domains: readonly string[];
  /** The last parts of the mail exchangers of domains that it hosts. */
  readonly exchangers: readonly string[];
  /** Left out unless somebody wants it: what the provider throws away by itself. */
  readonly exclude: readonly string[];
  readonly connections: number;
}

/** All of them speak TLS at port 993. */
export const presets: readonly Preset[] = [
  {
    id: 'fastmail',
    title: 'Fastmail',
    host: 'imap.fastmail.com',
    logins: ['application-password'],
    domains: ['fastmail.com', 'fastmail.fm', 'messagingengine.com'],
    exchangers: ['messagingengine.com'],
    exclude: ['\\Junk', '\\Trash'],
    connections: 4,
  },
  {
    id: 'gmail',
    title: 'Gmail, Google Workspace',
    host: 'imap.gmail.com',
    logins: ['application-password', 'oauth-google'],
    domains: ['gmail.com', 'googlemail.com'],
    exchangers: ['google.com', 'googlemail.com'],
    exclude: ['\\Junk', '\\Trash'],
    connections: 4,
  },
  {
    id: 'microsoft365',
    title: 'Microsoft 365, Outlook.com',
    host: 'outlook.office365.com',
    logins: ['oauth-microsoft'],
    domains: ['outlook.com', 'hotmail.com', 'live.com', 'msn.com'],
    exchangers: ['mail.protection.outlook.com', 'olc.protection.outlook.com'],
    exclude: ['\\Junk', '\\Trash'],
    connections: 4,
  },
  {
    id: 'icloud',
    title: 'iCloud',
    host: 'imap.mail.me.com',
    logins: ['application-password'],
    domains: ['icloud.com', 'me.com', 'mac.com'],
    exchangers: ['mail.icloud.com'],
    exclude: ['\\Junk', '\\Trash'],
    connections: 4,
  },
  {
    id: 'yahoo',
    title: 'Yahoo',
    host: 'imap.mail.yahoo.com',
    logins: ['application-password'],
    domains: ['yahoo.com', 'yahoo.co.uk', 'yahoo.de', 'yahoo.fr', 'ymail.com', 'rocketmail.com', 'aol.com'],
    exchangers: ['yahoodns.net'],
    exclude: ['\\Junk', '\\Trash'],
    connections: 3,
  },
];

const endsIn = (name: string, last: string): boolean => name === last || name.endsWith(`.${last}`);

export const presetNamed = (id: string): Preset | undefined => presets.find((preset) => preset.id === id);

export const presetOfDomain = (domain: string): Preset | undefined =>
  presets.find(({ domains }) => domains.some((known) => endsIn(domain.toLowerCase(), known)));

export const presetOfExchanger = (host: string): Preset | undefined =>
  presets.find(({ exchangers }) => exchangers.some((known) => endsIn(host.toLowerCase().replace(/\.$/, ''), known)));
