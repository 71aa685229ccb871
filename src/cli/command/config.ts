import { Command } from 'commander';
import { configPlaces, findConfig } from '../../config/find-config.ts';
import { problemLine } from '../../config/config-problem.ts';
import { Fault } from '../../model/fault.ts';
import { type Config, loadConfigSchema } from '../../registry.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand, type Execute } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';

export const configCommand: DefineCommand = (execute) =>
  new Command('config')
    .summary('check and show the configuration, mailkeep.yaml')
    .description('What mailkeep.yaml says about accounts and repositories.')
    .showHelpAfterError('(try --help)')
    .addHelpText(
      'after',
      examples([
        'mailkeep config sample > ~/.config/mailkeep/mailkeep.yaml',
        'mailkeep config check',
        'mailkeep config schema > mailkeep.schema.json     for editors',
        'mailkeep config migrate                           shows what a newer version of the file would be',
      ]),
    )
    .addCommand(subcommand(execute, 'check', 'look whether it is right; tells everything that is wrong', check))
    .addCommand(subcommand(execute, 'show', 'print it with the defaults filled in, and without secrets', show))
    .addCommand(subcommand(execute, 'sample', 'print a commented sample', sample))
    .addCommand(subcommand(execute, 'schema', 'print its JSON Schema', schema))
    .addCommand(subcommand(execute, 'path', 'print where it is', path))
    .addCommand(migrateSubcommand(execute));

type Work = (context: CommandContext) => Promise<number>;

const subcommand = (execute: Execute, name: string, summary: string, work: Work): Command =>
  newCommand(name, summary)
    .action((options: GlobalOptions) => execute(options, work))
    .exitOverride();

const migrateSubcommand: DefineCommand = (execute) =>
  newCommand('migrate', 'bring it to the newest version; shows what changes, and keeps the old file')
    .option('--yes', 'do it without being asked; needed where nobody can be asked', false)
    .action((options: GlobalOptions & { readonly yes: boolean }) =>
      execute(options, async (context) => {
        const { migrateConfigFile } = await import('../migrate-config.ts');
        return migrateConfigFile(await needFile(context), options.yes, context);
      }),
    )
    .exitOverride();

const needFile = async ({ options, environment }: CommandContext): Promise<string> => {
  const file = await findConfig(options.config, environment);
  if (file !== undefined) return file;
  throw new Fault('configuration', 'there is no configuration yet', {
    hint: `It is looked for at ${configPlaces(undefined, environment).join(' and ')}; \`mailkeep init\` asks a few questions and writes one.`,
  });
};

const check: Work = async (context) => {
  const file = await needFile(context);
  const [{ checkConfig }, createSchema] = await Promise.all([
    import('../../config/load-config.ts'),
    loadConfigSchema(),
  ]);
  const checked = await checkConfig(file, context.environment.home, createSchema);
  const { output, messages, options } = context;
  const problems = checked.kind === 'good' ? [] : checked.problems;
  if (options.json) {
    output.print(JSON.stringify({ message_type: 'config', file, valid: problems.length === 0, problems }));
  } else {
    for (const problem of problems) {
      output.print(problemLine(file, problem));
      if (problem.hint !== undefined) output.print(messages.hint(problem.hint));
    }
    output.print(
      checked.kind === 'good' ? goodLine(file, checked.config, context) : messages.configBad(file, problems.length),
    );
  }
  return problems.length === 0 ? exitCode.good : exitCode.fatal;
};

const goodLine = (file: string, { accounts, repositories }: Config, { messages }: CommandContext): string =>
  messages.configGood(file, Object.keys(accounts).length, Object.keys(repositories).length);

const show: Work = async (context) => {
  const file = await needFile(context);
  const [{ loadConfig }, { effectiveConfig }, { outlineOf }, yaml, { readFile }, createSchema] = await Promise.all([
    import('../../config/load-config.ts'),
    import('../../config/effective-config.ts'),
    import('../../config/schema-outline.ts'),
    import('yaml'),
    import('node:fs/promises'),
    loadConfigSchema(),
  ]);
  await loadConfig(file, context.environment.home, createSchema);
  const written: unknown = yaml.parse(await readFile(file, 'utf8'));
  const effective = effectiveConfig(written, outlineOf(createSchema((given) => given)));
  const text = context.options.json ? JSON.stringify(effective) : yaml.stringify(effective, { lineWidth: 0 });
  context.output.print(text.trimEnd());
  return exitCode.good;
};

const sample: Work = async ({ output }) => {
  const [{ sampleConfig }, { outlineOf }, createSchema] = await Promise.all([
    import('../../config/sample-config.ts'),
    import('../../config/schema-outline.ts'),
    loadConfigSchema(),
  ]);
  output.print(sampleConfig(outlineOf(createSchema((given) => given))).trimEnd());
  return exitCode.good;
};

const schema: Work = async ({ output }) => {
  const [{ editorSchema }, createSchema] = await Promise.all([
    import('../../config/schema-outline.ts'),
    loadConfigSchema(),
  ]);
  output.print(JSON.stringify(editorSchema(createSchema((given) => given)), undefined, 2));
  return exitCode.good;
};

const path: Work = async (context) => {
  const file = await needFile(context);
  context.output.print(context.options.json ? JSON.stringify({ message_type: 'config', file }) : file);
  return exitCode.good;
};
