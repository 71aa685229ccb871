import type { CommandOutline, OptionOutline } from './command-outline.ts';

const words = (texts: readonly string[]): string => texts.join(' ');

const optionNames = ({ options }: CommandOutline): string => words(options.flatMap(({ names }) => names));

const valueCase = ({ names, value }: OptionOutline): string => {
  const reply =
    value === 'path'
      ? 'compgen -f -- "$word"'
      : value === 'text'
        ? ':'
        : `compgen -W ${quote(words([...value]))} -- "$word"`;
  return `        ${names.join('|')}) _mailkeep_reply "$(${reply})"; return ;;`;
};

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const commandCase = (command: CommandOutline): string => {
  const taking = command.options.filter(({ value }) => value !== 'none');
  const choices =
    command.choices.length === 0 ? 'compgen -f -- "$word"' : `compgen -W ${quote(words(command.choices))} -- "$word"`;
  return [
    `    ${command.name})`,
    '      case "$before" in',
    ...taking.map(valueCase),
    '      esac',
    '      case "$word" in',
    `        -*) _mailkeep_reply "$(compgen -W ${quote(optionNames(command))} -- "$word")" ;;`,
    `        *) _mailkeep_reply "$(${choices})" ;;`,
    '      esac ;;',
  ].join('\n');
};

/** A script for bash; to be sourced, or put into the folder of bash-completion. */
export const bashCompletion = (commands: readonly CommandOutline[]): string => `# bash completion for mailkeep
_mailkeep_reply() { mapfile -t COMPREPLY < <(printf '%s' "$1"); }
_mailkeep() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command=
  COMPREPLY=()
  if [ "$COMP_CWORD" -gt 1 ]; then command=\${COMP_WORDS[1]}; fi
  case "$command" in
${commands.map(commandCase).join('\n')}
    *) _mailkeep_reply "$(compgen -W ${quote(words([...commands.map(({ name }) => name), '--help', '--version']))} -- "$word")" ;;
  esac
}
complete -o filenames -F _mailkeep mailkeep
`;
