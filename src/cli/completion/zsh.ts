import type { CommandOutline, OptionOutline } from './command-outline.ts';

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Brackets and colons have a meaning in the specifications of `_arguments`. */
const plain = (text: string): string => text.replace(/[[\]\\]/g, '\\$&').replaceAll(':', '\\:');

const valueOf = ({ value }: OptionOutline): string => {
  if (value === 'none') return '';
  if (value === 'path') return ':path:_files';
  return value === 'text' ? ':value: ' : `:value:(${value.join(' ')})`;
};

const specifications = (option: OptionOutline): readonly string[] =>
  option.names.map((name) => quote(`*${name}[${plain(option.description)}]${valueOf(option)}`));

const commandCase = ({ name, options, choices }: CommandOutline): string => {
  const argument = choices.length === 0 ? quote('*:path:_files') : quote(`1:what:(${choices.join(' ')})`);
  const all = [...options.flatMap(specifications), argument];
  return [`    ${name})`, `      _arguments -s \\`, `        ${all.join(' \\\n        ')} ;;`].join('\n');
};

/** A script for zsh; to be put into a folder of \`fpath\` as \`_mailkeep\`. */
export const zshCompletion = (commands: readonly CommandOutline[]): string => `#compdef mailkeep
_mailkeep() {
  if (( CURRENT == 2 )); then
    local -a commands=(
${commands.map(({ name, description }) => `      ${quote(`${name}:${plain(description)}`)}`).join('\n')}
    )
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${commands.map(commandCase).join('\n')}
  esac
}
if [ "$funcstack[1]" = _mailkeep ]; then _mailkeep "$@"; else compdef _mailkeep mailkeep; fi
`;
