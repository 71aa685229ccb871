import type { CommandOutline, OptionOutline } from './command-outline.ts';

const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const flagOf = (name: string): string => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`);

const valueOf = ({ value }: OptionOutline): string => {
  if (value === 'none') return '';
  if (value === 'path') return ' -r -F';
  return value === 'text' ? ' -x' : ` -x -a ${quote(value.join(' '))}`;
};

const optionLine = (condition: string, option: OptionOutline): string =>
  `complete -c mailkeep -n ${condition} ${option.names.map(flagOf).join(' ')}${valueOf(option)} -d ${quote(option.description)}`;

const commandLines = ({ name, description, options, choices }: CommandOutline): readonly string[] => {
  const within = quote(`__fish_seen_subcommand_from ${name}`);
  return [
    `complete -c mailkeep -n __fish_use_subcommand -f -a ${name} -d ${quote(description)}`,
    ...(choices.length === 0 ? [] : [`complete -c mailkeep -n ${within} -f -a ${quote(choices.join(' '))}`]),
    ...options.map((option) => optionLine(within, option)),
  ];
};

/** A script for fish; to be put into `~/.config/fish/completions/mailkeep.fish`. */
export const fishCompletion = (commands: readonly CommandOutline[]): string =>
  `${['# fish completion for mailkeep', ...commands.flatMap(commandLines)].join('\n')}\n`;
