import type { FileLook, Machine } from '../contract/machine.ts';
import type { PresetName } from './finding.ts';
import { normalized } from './path.ts';
import { type Draft, newDraft, putDatabase } from './proposal.ts';

/** A server that was installed into a system, not into containers. Its file system may begin at a folder: an old disk, mounted. */
export interface Site {
  readonly draft: Draft;
  /** Whether it is this machine, which can be asked. */
  readonly isHere: boolean;
  /** Where on this machine is what the server calls by this path. */
  at(path: string): string;
  /** What a program of the server prints; undefined where it is not this machine. */
  ask(program: string, parameters: readonly string[]): Promise<string | undefined>;
  /** The text of a file; one that cannot be read is told. */
  text(path: string): Promise<string | undefined>;
}

const told = (draft: Draft, path: string, look: FileLook): string | undefined => {
  if (look.kind === 'closed') draft.tell({ code: 'file-closed', path, reason: look.reason });
  return look.kind === 'text' ? look.text : undefined;
};

export const newSite = (machine: Machine, root: string, preset: PresetName, by: string): Site => {
  const draft = newDraft(machine, root);
  const isHere = root === '/';
  const at = (path: string): string => normalized(isHere ? path : `${root}/${path}`);
  draft.tell({ code: 'stack', preset, by: at(by) });
  return {
    draft,
    isHere,
    at,
    ask: async (program, parameters) => (isHere ? machine.ask(program, parameters) : undefined),
    text: async (path) => told(draft, at(path), await machine.readText(at(path))),
  };
};

/** Option files with which root gets into MariaDB and MySQL; without any, the socket knows root. */
const optionFiles = (home: string): readonly string[] => [
  ...new Set(['/root/.my.cnf', `${home}/.my.cnf`]),
  '/etc/mysql/debian.cnf',
];

/** MariaDB or MySQL of the system itself. */
export const wantOwnMariadb = async ({ draft, isHere, ask }: Site): Promise<void> => {
  if (!isHere) {
    draft.tell({ code: 'not-running', engine: 'mariadb' });
    return;
  }
  let file: string | undefined;
  for (const path of optionFiles(draft.machine.home)) {
    const place = await draft.machine.placeAt(path);
    if (place !== 'file' && (place !== 'closed' || path !== '/root/.my.cnf')) continue;
    file = path;
    break;
  }
  const component = 'mysql';
  putDatabase(draft, component, { database: 'mariadb', ...(file === undefined ? {} : { defaultsFile: file }) }, '');
  draft.tell({ code: 'password', component, from: file ?? '' });
  const options = file === undefined ? [] : [`--defaults-extra-file=${file}`];
  const said = await ask('mariadb', [...options, '--batch', '--skip-column-names', '-e', 'SHOW DATABASES']);
  tellDatabases(draft, component, said);
};

/** PostgreSQL of the system itself, which knows its users by those of the system. */
export const wantOwnPostgres = async ({ draft, isHere, ask }: Site): Promise<void> => {
  if (!isHere) {
    draft.tell({ code: 'not-running', engine: 'postgres' });
    return;
  }
  const component = 'postgres';
  putDatabase(draft, component, { database: 'postgres', systemUser: 'postgres' }, '');
  const query = 'SELECT datname FROM pg_database WHERE NOT datistemplate';
  const said = await ask('runuser', ['-u', 'postgres', '--', 'psql', '--no-psqlrc', '-At', '-c', query]);
  tellDatabases(draft, component, said);
};

const ownDatabases = ['information_schema', 'performance_schema', 'mysql', 'sys', 'postgres'];

const tellDatabases = (draft: Draft, component: string, said: string | undefined): void => {
  const names = (said ?? '').split('\n').filter((name) => name !== '' && !ownDatabases.includes(name));
  if (names.length > 0) draft.tell({ code: 'databases', component, names });
};
