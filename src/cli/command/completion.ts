import { Argument, type Command } from 'commander';
import { bashCompletion } from '../completion/bash.ts';
import { type CommandOutline, outlineProgram } from '../completion/command-outline.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';
import type { GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';

const scripts: Readonly<Record<string, (commands: readonly CommandOutline[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export const completionCommand: DefineCommand = (execute) =>
  newCommand('completion', 'print a script that completes commands and options in a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(scripts)))
    .addHelpText(
      'after',
      examples([
        'mailkeep completion bash > ~/.local/share/bash-completion/completions/mailkeep',
        'mailkeep completion zsh > "${fpath[1]}/_mailkeep"',
        'mailkeep completion fish > ~/.config/fish/completions/mailkeep.fish',
      ]),
    )
    .action((shell: string, options: GlobalOptions, command: Command) =>
      execute(options, async ({ output }) => {
        const script = scripts[shell]?.(command.parent === null ? [] : outlineProgram(command.parent)) ?? '';
        await output.write(Buffer.from(script));
        return exitCode.good;
      }),
    );
