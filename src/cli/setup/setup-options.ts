import { type Command, InvalidArgumentError, Option } from 'commander';
import { presets } from '../../protocol/imap/discovery/preset.ts';
import { type PresetName, presetNames } from '../../preset/finding.ts';
import type { GlobalOptions } from '../context.ts';
import { collect } from '../define-command.ts';

/** Answers to the questions of `init`, for scripts. */
export interface SetupOptions extends GlobalOptions {
  readonly account?: string;
  readonly accountName?: string;
  readonly provider?: string;
  readonly host?: string;
  readonly port?: number;
  readonly security?: 'tls' | 'starttls' | 'none';
  readonly user?: string;
  readonly certificateAuthority?: string;
  readonly certificateFingerprint?: string;
  readonly loginPasswordFile?: string;
  readonly loginPasswordCommand?: string;
  readonly loginPasswordEnvironment?: string;
  readonly loginKeyring?: string;
  readonly oauthClientId?: string;
  readonly oauthClientSecretFile?: string;
  readonly excludeFolder?: readonly string[];
  readonly mirror?: string;
  /** `--no-login-test` makes it false. */
  readonly loginTest: boolean;
  readonly yes: boolean;
  readonly preset?: PresetName;
  /** Of the stack. */
  readonly root?: string;
  /** A folder for a dated disk. */
  readonly disk?: string;
  readonly serverName?: string;
  readonly dryRun: boolean;
}

const parsePort = (text: string): number => {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new InvalidArgumentError('It must be a number from 1 to 65535.');
};

export const addSetupOptions = (command: Command): Command =>
  command
    .option('--account <address>', 'set up this mail account, and write it into the configuration')
    .option('--account-name <name>', 'what it is called in the configuration (default: from its address)')
    .addOption(
      new Option('--provider <name>', 'the provider (default: found out)').choices(presets.map(({ id }) => id)),
    )
    .option('--host <host>', 'the IMAP server (default: found out)')
    .option('--port <port>', 'its port', parsePort)
    .addOption(new Option('--security <kind>', 'how it is protected').choices(['tls', 'starttls', 'none']))
    .option('--user <name>', 'the user name (default: the address)')
    .option('--certificate-authority <file>', 'who may vouch for the server, in place of the authorities of the system')
    .option('--certificate-fingerprint <sha256>', 'the certificate of the server, whoever vouches for it')
    .option('--login-password-file <file>', 'file that holds the password of the account')
    .option('--login-password-command <command>', 'command that prints it')
    .option('--login-password-environment <name>', 'variable that holds it')
    .option('--login-keyring <account>', 'entry of the system keyring that holds it')
    .option('--oauth-client-id <id>', 'log in with OAuth, as this client of the provider')
    .option('--oauth-client-secret-file <file>', 'file that holds the secret of that client')
    .option('--exclude-folder <pattern>', 'leave this folder out; may be given again', collect)
    .option('--mirror <folder>', 'keep a Maildir like the account there, too')
    .option('--no-login-test', 'do not try to log in')
    .addOption(
      new Option(
        '--preset <stack>',
        'set up the backup of a mail server: look at it, and write it into the configuration',
      ).choices(presetNames),
    )
    .option('--root <folder>', 'where its compose file is, or its file system begins (default: found out)')
    .option('--disk <folder>', 'keep a folder for each day there, on a disk of its own')
    .option('--server-name <name>', 'what it is called in the configuration (default: the stack)')
    .option('-n, --dry-run', 'with --preset: tell what was found and would be written, and write nothing', false)
    .option('-y, --yes', 'add to a configuration that is there, without being asked', false);
