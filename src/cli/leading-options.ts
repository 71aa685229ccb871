import { Command, type Option } from 'commander';
import { addGlobalOptions } from './define-command.ts';

const takesNext = (token: string, options: readonly Option[]): boolean => {
  const option = options.find(({ short, long }) => token === short || token === long);
  return option?.required === true;
};

/** Where the command's name stands; undefined when there is none, or something unknown stands before it. */
const commandAt = (argv: readonly string[]): number | undefined => {
  const { options } = addGlobalOptions(new Command());
  for (let at = 0; at < argv.length; at++) {
    const token = argv[at] ?? '';
    if (!token.startsWith('-')) return at;
    const isKnown = options.some(
      ({ short, long }) =>
        token === long ||
        (long !== undefined && token.startsWith(`${long}=`)) ||
        (short !== undefined && !token.startsWith('--') && token.startsWith(short)),
    );
    if (!isKnown) return undefined;
    if (takesNext(token, options)) at++;
  }
  return undefined;
};

/**
 * Takes the options that all commands have also before the command, where users of restic write them: moves them behind
 * its name, or behind its second word where `isGroup` says that the first has subcommands.
 */
export const movedLeadingOptions = (
  argv: readonly string[],
  isGroup: (command: string) => boolean,
): readonly string[] => {
  const at = commandAt(argv);
  const command = argv[at ?? 0];
  if (at === undefined || at === 0 || command === undefined) return argv;
  const leading = argv.slice(0, at);
  const rest = argv.slice(at + 1);
  const words = isGroup(command) && rest[0]?.startsWith('-') === false ? 1 : 0;
  return [command, ...rest.slice(0, words), ...leading, ...rest.slice(words)];
};
