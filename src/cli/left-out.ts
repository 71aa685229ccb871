import { type Command, Option } from 'commander';

/** An option of restic's that this command does not have, and what to do instead. */
export interface LeftOut {
  /** `--delete` or, where it takes a value, `--from-repo <location>`. */
  readonly flags: string;
  readonly instead: string;
}

/** Who uses restic's options out of habit is told why this one is not there, instead of "unknown option". */
export const addLeftOut = (command: Command, options: readonly LeftOut[]): Command => {
  for (const { flags, instead } of options) {
    const option = new Option(flags).hideHelp();
    command.addOption(option);
    command.on(`option:${option.name()}`, () => {
      command.error(`error: ${flags.split(' ')[0] ?? flags} is not there in Mailkeep. ${instead}`);
    });
  }
  return command;
};
