import type { Command } from 'commander';

export interface OptionOutline {
  /** `--tag`, and `-t` if there is one. */
  readonly names: readonly string[];
  readonly description: string;
  /** What it takes: nothing, one of these, a path, or any text. */
  readonly value: 'none' | 'path' | 'text' | readonly string[];
}

/** What a shell must know of a command. */
export interface CommandOutline {
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionOutline[];
  /** What its first argument can be; empty: paths. */
  readonly choices: readonly string[];
}

const pathLike = /<(?:file|folder|path|location)>|\[(?:file|folder|path)\]/;

const outlineOf = (command: Command): CommandOutline => ({
  name: command.name(),
  description: command.summary(),
  choices: command.registeredArguments[0]?.argChoices ?? [],
  options: command.options
    .filter((option) => !option.hidden)
    .map((option) => ({
      names: [option.long, option.short].filter((name) => name !== undefined && name !== null),
      description: option.description,
      value: option.argChoices ?? (pathLike.test(option.flags) ? 'path' : /[<[]/.test(option.flags) ? 'text' : 'none'),
    })),
});

/** All commands of a program. */
export const outlineProgram = (program: Command): readonly CommandOutline[] =>
  program.commands.map((command) => outlineOf(command));
