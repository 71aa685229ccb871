import type { Messages } from '../catalogue/english.ts';
import type { KnownDisk, KnownRepository } from './known-stores.ts';

export interface KitFacts {
  readonly host: string;
  /** `2026-11-26` */
  readonly date: string;
  /** How the program of the kit is started; one file has its own name. */
  readonly opener: string;
  readonly isOneFile: boolean;
  readonly repositories: readonly KnownRepository[];
  readonly disks: readonly KnownDisk[];
  readonly passwords:
    | { readonly kind: 'elsewhere' }
    | { readonly kind: 'written' }
    | { readonly kind: 'shares'; readonly shares: number; readonly needed: number };
}

interface Section {
  readonly title: string;
  readonly facts: readonly (readonly [string, string])[];
  readonly commands: readonly { readonly about: string; readonly lines: readonly string[] }[];
}

/** A file name of the name of a repository. */
export const fileNameOf = (name: string): string => name.replace(/[^A-Za-z0-9_.-]/g, '_').replace(/^\.+/, '_');

export const passwordFileOf = (name: string): string => `secrets/${fileNameOf(name)}.password`;

const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

const passwordText = ({ passwords, opener }: KitFacts, name: string, messages: Messages): string => {
  switch (passwords.kind) {
    case 'elsewhere':
      return messages.pagePasswordElsewhere();
    case 'written':
      return messages.pagePasswordThere(passwordFileOf(name));
    case 'shares':
      return messages.pagePasswordShares(passwords.needed, passwords.shares, opener);
  }
};

const repositorySection = (facts: KitFacts, repository: KnownRepository, messages: Messages): Section => {
  const { name, location, id, keys } = repository;
  const { opener, isOneFile, passwords } = facts;
  // Shares are joined into a file `password`, as the page says.
  const password = {
    elsewhere: '',
    written: ` --password-file ${passwordFileOf(name)}`,
    shares: ' --password-file password',
  }[passwords.kind];
  const at = `-r ${quoted(location)}${password}`;
  // One file finds its own configuration, and passwords that are in it.
  const named = `-r ${quoted(name)}${passwords.kind === 'written' ? '' : ' --password-file password'}`;
  const ours = isOneFile ? named : at;
  return {
    title: messages.pageRepository(name),
    facts: [
      [messages.pageWhere(), location],
      [messages.pageId(), id],
      [messages.pageKeys(), keys.join(', ')],
      [messages.pagePassword(), passwordText(facts, name, messages)],
    ],
    commands: [
      {
        about: messages.pageMailkeep(),
        lines: [`${opener} snapshots ${ours}`, `${opener} restore latest --target /restore ${ours}`],
      },
      {
        about: messages.pageRestic(),
        lines: (isOneFile && passwords.kind === 'written' ? [`${opener} unpack kit && cd kit`] : []).concat([
          `restic ${at} snapshots`,
          `restic ${at} restore latest --target /restore`,
        ]),
      },
    ],
  };
};

const diskSection = ({ opener }: KitFacts, { server, path, mounts }: KnownDisk, messages: Messages): Section => ({
  title: messages.pageDisk(server),
  facts: [
    [messages.pageWhere(), path],
    ...mounts.map(({ uuid, marker }): readonly [string, string] => [
      messages.pageMounts(),
      [...(uuid === undefined ? [] : [`UUID ${uuid}`]), ...(marker === undefined ? [] : [marker])].join(', '),
    ]),
  ],
  commands: [
    {
      about: messages.pageMailkeep(),
      lines: [`${opener} restore --from ${quoted(path)}/latest --component all --into /restore`],
    },
    {
      about: messages.pageDiskBy(),
      lines: [`cd ${quoted(path)}/latest && sha256sum --check --quiet checksums.sha256`],
    },
  ],
});

const sectionsOf = (facts: KitFacts, messages: Messages): readonly Section[] => [
  ...facts.repositories.map((repository) => repositorySection(facts, repository, messages)),
  ...facts.disks.map((disk) => diskSection(facts, disk, messages)),
];

/** The page as plain text. */
export const kitText = (facts: KitFacts, messages: Messages): string => {
  const lines = [messages.pageTitle(facts.host, facts.date), '', messages.pageIntro()];
  for (const { title, facts: known, commands } of sectionsOf(facts, messages)) {
    lines.push('', title, ...known.map(([what, value]) => `  ${what}: ${value}`));
    for (const { about, lines: typed } of commands) lines.push(`  ${about}`, ...typed.map((line) => `    ${line}`));
  }
  return `${[...lines, '', messages.pageFiles()].join('\n')}\n`;
};

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const style =
  '@page{size:A4;margin:18mm}body{font:11pt/1.5 sans-serif;max-width:174mm;margin:auto}h1{font-size:17pt}h2{font-size:13pt;margin:8mm 0 2mm}' +
  'section{break-inside:avoid}dt{font-weight:bold}dd{margin:0 0 1mm 6mm;overflow-wrap:anywhere}pre{background:#f2f2f2;padding:2mm;white-space:pre-wrap;overflow-wrap:anywhere}';

/** The page for a printer: A4, no script, nothing from elsewhere. */
export const kitHtml = (facts: KitFacts, language: 'en' | 'ja', messages: Messages): string => {
  const title = escaped(messages.pageTitle(facts.host, facts.date));
  const sections = sectionsOf(facts, messages).map(
    ({ title: heading, facts: known, commands }) =>
      `<section><h2>${escaped(heading)}</h2><dl>${known
        .map(([what, value]) => `<dt>${escaped(what)}</dt><dd>${escaped(value)}</dd>`)
        .join('')}</dl>${commands
        .map(({ about, lines }) => `<p>${escaped(about)}</p><pre>${escaped(lines.join('\n'))}</pre>`)
        .join('')}</section>`,
  );
  return `<!doctype html>
<html lang="${language}"><meta charset="utf-8"><title>${title}</title><style>${style}</style>
<h1>${title}</h1><p>${escaped(messages.pageIntro())}</p>
${sections.join('\n')}
<p>${escaped(messages.pageFiles())}</p></html>
`;
};
