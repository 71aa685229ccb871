import { randomBytes } from 'node:crypto';
import type { Messages } from '../catalogue/english.ts';
import { splitSecret } from '../../model/secret-share.ts';
import { formatShare } from '../../model/share-text.ts';
import { fileNameOf, type KitFacts, kitHtml, kitText, passwordFileOf } from './kit-page.ts';
import type { KnownRepository } from './known-stores.ts';

/** A file of a kit, by its path in it. */
export interface KitFile {
  readonly path: string;
  readonly content: string | Uint8Array;
  readonly mode: number;
}

const opener = `#!/bin/sh
# Starts Mailkeep: the one in this kit, or the one that is installed.
here=$(dirname "$(readlink -f "$0")")
if [ -z "$MAILKEEP_CONFIG" ] && [ -f "$here/mailkeep.yaml" ]; then export MAILKEEP_CONFIG="$here/mailkeep.yaml"; fi
if [ -x "$here/program/mailkeep" ]; then exec "$here/program/mailkeep" "$@"; fi
exec mailkeep "$@"
`;

const sharesOf = (
  { name, password }: KnownRepository,
  how: { readonly shares: number; readonly needed: number },
  messages: Messages,
): readonly KitFile[] =>
  splitSecret(new TextEncoder().encode(password), how, (count) => randomBytes(count)).map((share): KitFile => {
    const about = messages.pageShare(name, share.at, how.shares, how.needed).map((line) => `# ${line}`);
    return {
      path: `shares/${fileNameOf(name)}-${share.at}-of-${how.shares}.txt`,
      content: [...about, '', ...formatShare(share), ''].join('\n'),
      mode: 0o600,
    };
  });

/** One file for each repository and holder. */
export const shareFiles = ({ repositories, passwords }: KitFacts, messages: Messages): readonly KitFile[] =>
  passwords.kind === 'shares' ? repositories.flatMap((repository) => sharesOf(repository, passwords, messages)) : [];

/** All files of a kit but the shares, the program and the list of checksums. */
export const kitFiles = (
  facts: KitFacts,
  {
    configuration,
    runbooks,
    language,
  }: {
    readonly configuration: string | undefined;
    readonly runbooks: readonly KitFile[];
    readonly language: 'en' | 'ja';
  },
  messages: Messages,
): readonly KitFile[] => {
  const { repositories, passwords } = facts;
  return [
    { path: 'kit.html', content: kitHtml(facts, language, messages), mode: 0o600 },
    { path: 'kit.txt', content: kitText(facts, messages), mode: 0o600 },
    { path: 'open.sh', content: opener, mode: 0o700 },
    ...(configuration === undefined ? [] : [{ path: 'mailkeep.yaml', content: configuration, mode: 0o600 }]),
    ...runbooks,
    ...repositories.flatMap(({ name, files }) =>
      files.map(({ path, bytes }) => ({
        path: `repositories/${fileNameOf(name)}/${path}`,
        content: bytes,
        mode: 0o600,
      })),
    ),
    ...(passwords.kind === 'written'
      ? repositories.map(({ name, password }) => ({
          path: passwordFileOf(name),
          content: `${password}\n`,
          mode: 0o600,
        }))
      : []),
  ];
};
