import { Fault } from '../../model/fault.ts';
import { cronLine, type CronRule } from '../../model/schedule.ts';

/** What a block in a crontab is made of. */
export interface BlockWish {
  readonly name: string;
  readonly file: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly rules: readonly CronRule[];
}

const begins = (name: string): string => `# BEGIN ${name}: written by \`mailkeep schedule install\`, leave it as it is`;
const ends = (name: string): string => `# END ${name}`;

const quoted = (word: string): string =>
  /^[\w@+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** A percent sign ends a command in a crontab, unless a backslash stands before it, which cron takes away. */
const line = ({ command, environment }: BlockWish, rule: CronRule): string => {
  const variables = Object.entries(environment).map(([key, value]) => `${key}=${quoted(value)}`);
  const words = [...variables, ...command.map(quoted)].join(' ');
  return `${cronLine(rule)} ${words.replaceAll('%', String.raw`\%`)}`;
};

/** The lines of ours, with the marks around them. */
export const crontabBlock = (wish: BlockWish): string =>
  [
    begins(wish.name),
    `# mailkeep-schedule: ${wish.file}`,
    ...wish.rules.map((rule) => line(wish, rule)),
    ends(wish.name),
    '',
  ].join('\n');

interface Found {
  readonly before: string;
  readonly block: string;
  readonly after: string;
}

/** Finds the block of a name; undefined: there is none. Fault `configuration` when somebody has changed its marks. */
export const findBlock = (crontab: string, name: string): Found | undefined => {
  const lines = crontab.split(/(?<=\n)/);
  const at = (mark: string): number[] => lines.flatMap((text, index) => (text.trimEnd() === mark ? [index] : []));
  const [starts, stops] = [at(begins(name)), at(ends(name))];
  const [start, stop] = [starts[0], stops[0]];
  if (start === undefined && stop === undefined) return undefined;
  if (start === undefined || stop === undefined || stop < start || starts.length > 1 || stops.length > 1) {
    throw new Fault(
      'configuration',
      `the crontab has lines of ${name} whose marks (# BEGIN, # END) do not fit together`,
      {
        hint: 'Nothing was changed. Look at it with `crontab -e`, and take out what is of Mailkeep.',
      },
    );
  }
  const join = (from: number, to?: number): string => lines.slice(from, to).join('');
  return { before: join(0, start), block: join(start, stop + 1), after: join(stop + 1) };
};

/** The crontab with the block in it, in its place if it is there already; every other line stays as it is. */
export const withBlock = (crontab: string, name: string, block: string): string => {
  const found = findBlock(crontab, name);
  if (found !== undefined) return found.before + block + found.after;
  const gap = crontab === '' || crontab.endsWith('\n') ? '' : '\n';
  return crontab + gap + block;
};

/** The crontab without the block. */
export const withoutBlock = (crontab: string, name: string): string => {
  const found = findBlock(crontab, name);
  return found === undefined ? crontab : found.before + found.after;
};
