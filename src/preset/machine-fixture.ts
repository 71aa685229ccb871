import type { Machine } from '../contract/machine.ts';
import type { PresetFinding } from './finding.ts';
import { liesIn, parentOf } from './path.ts';
import type { Proposal } from './proposal.ts';
import { entryOf } from './proposal.ts';

export interface MadeMachine {
  /** Files by their paths; a path that ends with a slash is an empty folder. */
  readonly files: Readonly<Record<string, string>>;
  /** What this user may not look into, and what lies below. */
  readonly closed?: readonly string[];
  /** What programs print, by the beginning of their command line. */
  readonly says?: Readonly<Record<string, string>>;
}

export interface AskedMachine extends Machine {
  /** Command lines. */
  readonly asked: string[];
}

/** A machine that is a table. */
export const makeMachine = ({ files, closed = [], says = {} }: MadeMachine): AskedMachine => {
  const asked: string[] = [];
  const paths = Object.keys(files).map((path) => path.replace(/\/$/, ''));
  const isClosed = (path: string): boolean => closed.some((one) => liesIn(path, one));
  const isFolder = (path: string): boolean =>
    Object.hasOwn(files, `${path}/`) || path === '/' || paths.some((one) => one !== path && liesIn(one, path));
  const children = (folder: string): readonly string[] => {
    const prefix = folder === '/' ? '/' : `${folder}/`;
    const below = paths
      .filter((path) => path.startsWith(prefix))
      .map((path) => path.slice(prefix.length).split('/')[0] ?? '');
    return [...new Set(below)].filter((name) => name !== '').sort();
  };
  const placeAt = (path: string) => {
    if (isClosed(path)) return 'closed' as const;
    if (Object.hasOwn(files, path)) return 'file' as const;
    return isFolder(path) ? ('folder' as const) : ('missing' as const);
  };
  return {
    home: '/root',
    asked,
    readText: async (path) => {
      const place = placeAt(path);
      if (place === 'file') return { kind: 'text', text: files[path] ?? '' };
      return place === 'missing'
        ? { kind: 'missing' }
        : { kind: 'closed', reason: `cannot read ${path}: permission denied` };
    },
    placeAt: async (path) => placeAt(path),
    namesIn: async (folder) => (placeAt(folder) === 'folder' ? children(folder) : undefined),
    beginningOf: async (path, bytes) =>
      placeAt(path) === 'file' ? Buffer.from(files[path] ?? '', 'latin1').subarray(0, bytes) : undefined,
    ask: async (program, parameters) => {
      const line = [program, ...parameters].join(' ');
      asked.push(line);
      return Object.entries(says).find(([beginning]) => line.startsWith(beginning))?.[1];
    },
  };
};

/** A container of Compose as `docker ps` is asked for it. */
export const psLine = (name: string, image: string, project: string, service: string, folder: string): string =>
  `${[name, image, project, service, folder].join('\t')}\n`;

export const codesOf = (proposal: Proposal | undefined): readonly string[] => [
  ...new Set(proposal?.findings.map(({ code }) => code)),
];

export const findingsOf = <Code extends PresetFinding['code']>(
  proposal: Proposal | undefined,
  code: Code,
): readonly Extract<PresetFinding, { readonly code: Code }>[] =>
  (proposal?.findings ?? []).filter(
    (finding): finding is Extract<PresetFinding, { readonly code: Code }> => finding.code === code,
  );

/** The entry as it is written. */
export const componentsOf = (proposal: Proposal | undefined): Readonly<Record<string, unknown>> =>
  Object.fromEntries([...(proposal?.components ?? [])].map(([name, component]) => [name, entryOf(component)]));

/** Some mail of a user, in a Maildir. */
export const mailOf = (
  folder: string,
  beginning = 'From: a@example.com\n\nHello\n',
): Readonly<Record<string, string>> => ({
  [`${folder}/cur/1700000001.M1P1.host,S=30:2,S`]: beginning,
  [`${folder}/new/1700000002.M2P1.host`]: beginning,
  [`${folder}/tmp/`]: '',
  [`${folder}/dovecot-uidlist`]: `3 V1 N3\n`,
  [`${parentOf(folder)}/.keep`]: '',
});
