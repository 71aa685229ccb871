import type { Command } from 'commander';
import { Fault } from '../../model/fault.ts';
import type { NamingWishes } from '../../mail/account-restore/target-name.ts';
import { collect } from '../define-command.ts';

export interface AccountRestoreOptions {
  readonly mapFolder: readonly string[];
  readonly prefix?: string;
  readonly sameMessageId: boolean;
}

export const addAccountRestoreOptions = (command: Command): Command =>
  command
    .option('--map-folder <old=new>', 'with --to imap: another name for a folder and those below', collect, [])
    .option('--prefix <folder>', 'with --to imap: everything below this folder')
    .option(
      '--same-message-id',
      'with --to imap: equal Message-ID and date is the same message (for servers that rewrite mail)',
      false,
    );

/** Fault `usage` for what is no `OLD=NEW`. */
export const pairOf = (text: string): { readonly from: string; readonly to: string } => {
  const at = text.indexOf('=');
  if (at > 0 && at < text.length - 1) return { from: text.slice(0, at), to: text.slice(at + 1) };
  throw new Fault('usage', `“${text}” does not say which folder becomes which`, {
    hint: "Write --map-folder 'Old=New'.",
  });
};

export const wishesOf = ({ mapFolder, prefix }: AccountRestoreOptions): NamingWishes => {
  const map = mapFolder.map(pairOf);
  return prefix === undefined ? { map } : { map, below: prefix };
};
