import type { DrawnNeed, DrawnPart, DrawnReport } from './drawn-report.ts';

const indented = (lines: readonly string[], by = '    '): readonly string[] => lines.map((line) => by + line);

const needLines = ({ sentence, details, commands }: DrawnNeed, index: number): readonly string[] => [
  `${String(index + 1).padStart(2)}. ${sentence}`,
  ...indented(details),
  ...indented(commands.map((command) => `$ ${command}`)),
];

const partLines = ({ name, state, facts }: DrawnPart): readonly string[] => [
  `  ${name}${state === '' ? '' : `: ${state}`}`,
  ...indented(facts),
];

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', title, ...lines];

/** A report as plain text, read from the top: verdict, what needs a person, then the facts. */
export const reportText = (drawn: DrawnReport): string =>
  [
    drawn.headline,
    drawn.when,
    ...section(drawn.needsTitle, drawn.needs.flatMap(needLines)),
    ...section(drawn.jobsTitle, drawn.jobs.flatMap(partLines)),
    ...section(drawn.repositoriesTitle, drawn.repositories.flatMap(partLines)),
    ...section(drawn.noticesTitle, indented(drawn.notices, '  - ')),
    '',
    drawn.footer,
    '',
  ].join('\n');
