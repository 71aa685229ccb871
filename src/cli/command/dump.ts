import { Option } from 'commander';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { dump, type DumpOptions } from '../dump.ts';
import { addStoredOption } from '../present-mail.ts';
import { addFilterOptions, type FilterOptions } from '../snapshot-options.ts';

export const dumpCommand: DefineCommand = (execute) =>
  addStoredOption(
    addFilterOptions(newCommand('dump', 'write a file, a folder or a message of a snapshot to standard output')),
  )
    .argument('<snapshot[:folder]>', 'beginning of an id, latest or latest~1')
    .argument('[path]', 'a file, or a folder, which becomes an archive')
    .option('--message-id <id>', 'the message with this Message-ID, instead of a path')
    .option('--readable', 'a message as a person reads it: header lines, text, list of attachments', false)
    .option('--raw', 'the bytes as they are, on a terminal too', false)
    .addOption(new Option('-a, --archive <format>', 'of a folder').choices(['tar', 'zip']).default('tar'))
    .option('-t, --target <file>', 'write to this file')
    .addHelpText(
      'after',
      examples([
        'mailkeep dump latest /etc/postfix/main.cf > main.cf',
        'mailkeep dump latest /home/alice/Maildir --archive zip --target alice.zip',
        'mailkeep dump latest --message-id 20240102.1@example.org',
        'mailkeep dump latest --message-id 20240102.1@example.org --raw > message.eml',
      ]),
    )
    .action((reference: string, path: string | undefined, options: GlobalOptions & FilterOptions & DumpOptions) =>
      execute(options, (context: CommandContext) => dump({ reference, path, options }, context)),
    );
