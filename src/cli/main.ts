import { Command, CommanderError } from 'commander';
import { configuredLanguage } from '../config/configured-language.ts';
import { readEnvironment } from '../config/environment.ts';
import { asFault, Fault } from '../model/fault.ts';
import { createRun } from '../system/run.ts';
import { loadMessages } from './catalogue/load-messages.ts';
import { isCommandGroup, loadCommands } from './commands.ts';
import type { CommandContext, GlobalOptions } from './context.ts';
import { type DefineCommand, examples, type Execute } from './define-command.ts';
import { exitCode, exitCodeOf } from './exit-code.ts';
import { movedLeadingOptions } from './leading-options.ts';
import { createListener, faultRecord } from './listener.ts';
import { createOutput, type Output } from './output.ts';
import { programVersion } from './version.ts';

/** Runs the program with the arguments after its name; resolves to the exit code. */
export const main = async (argv: readonly string[]): Promise<number> => {
  const environment = readEnvironment();
  const { stdout, stderr } = process;
  const messages = await loadMessages(
    environment.chosenLanguage ?? configuredLanguage(argv, environment) ?? environment.language,
  );
  const stop = stopOnSignals(() => output.say(messages.interruptedAgain()));
  const output = createOutput({ stdout, stderr, color: environment.color, onFailure: stop.now });
  let code: number = exitCode.good;

  const execute: Execute = async (options, action) => {
    const clock = (): number => performance.now();
    const { json, quiet, verbose } = options;
    const { progressRate } = environment;
    const emit = createListener({ output, messages, json, quiet, verbose, clock, progressRate });
    const context: CommandContext = {
      environment,
      options,
      output,
      messages,
      run: createRun({ signal: stop.signal, emit }),
    };
    try {
      code = await action(context);
    } catch (error) {
      code = output.failure() === undefined ? reportFault(asFault(error), options, context) : code;
    }
    const failure = output.failure();
    if (failure !== undefined) {
      code = failure === 'closed' ? exitCode.brokenPipe : reportFault(failure, options, context);
    }
    output.update(undefined);
  };

  try {
    const words = movedLeadingOptions(argv, isCommandGroup);
    const [version, commands] = await Promise.all([programVersion(), loadCommands(words[0])]);
    await createProgram({ version, commands, execute }).parseAsync([...words], { from: 'user' });
  } catch (error) {
    code = reportUsage(error, output);
  } finally {
    stop.release();
  }
  return code;
};

interface ProgramParts {
  readonly version: string;
  readonly commands: readonly DefineCommand[];
  readonly execute: Execute;
}

const createProgram = ({ version, commands, execute }: ProgramParts): Command => {
  const program = new Command('mailkeep')
    .description('Keeps every message you ever had: backups of mail and files that restic can read, too.')
    .version(version)
    // What stands behind a command is its own, and behind a command of a command that one's.
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError('(try --help)')
    .addHelpText(
      'after',
      examples([
        'mailkeep backup ~/Maildir               make a snapshot',
        'mailkeep snapshots                      list the snapshots',
        'mailkeep restore latest --target /tmp/x bring everything back',
        'mailkeep find --from alice --since 2024-01-01',
      ]),
    );
  for (const define of commands) program.addCommand(define(execute).exitOverride());
  return program;
};

const reportFault = (fault: Fault, options: GlobalOptions, { output, messages }: CommandContext): number => {
  const code = exitCodeOf(fault.code);
  output.update(undefined);
  if (options.json) {
    // restic's `code` is the number; the name of the fault stands beside it.
    output.say(JSON.stringify({ message_type: 'exit_error', ...faultRecord(fault), code, fault: fault.code }));
    return code;
  }
  output.say(messages.fault(fault.message));
  if (fault.hint !== undefined) output.say(messages.hint(fault.hint));
  if (options.verbose > 0 && fault.stack !== undefined) output.say(fault.stack);
  return code;
};

/** commander has said already what is wrong with the arguments; `--help` and `--version` come as errors, too. */
const reportUsage = (error: unknown, output: Output): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.good : exitCode.fatal;
  const fault = asFault(error);
  output.say(`mailkeep: ${fault.message}`);
  return exitCodeOf(fault.code);
};

interface Stop {
  readonly signal: AbortSignal;
  /** Asks for the same as the first signal. */
  now(): void;
  release(): void;
}

/** The first SIGINT or SIGTERM asks for an orderly end, the second ends at once. */
const stopOnSignals = (onSecond: () => void): Stop => {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) {
      onSecond();
      process.exit(exitCode.interrupted);
    }
    controller.abort(new Fault('interrupted', 'interrupted by a signal'));
  };
  // restic's `unlock` sends SIGHUP to see whether a lock's owner lives; by default that would end us.
  const onHangup = (): void => undefined;
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onHangup);
  return {
    signal: controller.signal,
    now: () => controller.abort(new Fault('interrupted', 'the result can no longer be written')),
    release: () => {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal).off('SIGHUP', onHangup);
    },
  };
};
