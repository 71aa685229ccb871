import { dirname, join, normalize } from 'node:path/posix';

/** A source file: its path from the project's root with `/`, and its text. */
export type SourceFile = { readonly path: string; readonly text: string };

/** The folders of src/ (or `registry` for src/registry.ts) and what each may import; its own folder always. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  model: [],
  mail: ['model'],
  system: ['model'],
  contract: ['model', 'mail'],
  operation: ['model', 'mail', 'contract'],
  preset: ['model', 'mail', 'contract'],
  config: ['model', 'mail', 'contract', 'system'],
  protocol: ['model', 'mail', 'contract', 'system'],
  store: ['model', 'mail', 'contract', 'system'],
  backend: ['model', 'mail', 'contract', 'system'],
  notify: ['model', 'mail', 'contract', 'system'],
  catalog: ['model', 'mail', 'contract', 'system'],
  registry: 'model mail contract system config operation preset protocol store backend notify catalog'.split(' '),
};
const everythingBelowTheTop = ['registry', ...Object.keys(mayImport)];
const topFolders = ['cli', 'daemon', 'web'];

const pureFolders = new Set(['model', 'mail', 'preset']);

type SpecifierRule = {
  readonly file: SourceFile;
  readonly specifier: string;
  readonly dependencies: readonly string[];
};

/** Sentences, each naming a file and the rule it breaks; empty when all is well. Test files may import what they like. */
export function violations(files: readonly SourceFile[], dependencies: readonly string[]): string[] {
  const program = files.filter((file) => !isTest(file.path));
  return [
    ...program.flatMap((file) =>
      specifiers(file.text).flatMap((specifier) => brokenImport({ file, specifier, dependencies })),
    ),
    ...program.flatMap(ambientUse),
    ...files.flatMap(silenced),
    ...cycles(program),
  ];
}

/** Tests, the conformance suites that they call, and their fixtures; none of them is built. */
function isTest(path: string): boolean {
  return /(?:\.test|\.suite|-fixture)\.ts$/.test(path);
}

function folderOf(path: string): string {
  const [, second = ''] = path.split('/');
  return second.replace(/\.ts$/, '');
}

function brokenImport({ file, specifier, dependencies }: SpecifierRule): string[] {
  const folder = folderOf(file.path);
  const says = (rule: string): string[] => [`${file.path} imports ${specifier}: ${rule}`];
  if (specifier.startsWith('node:')) {
    return pureFolders.has(folder) ? says(`src/${folder} is pure and imports no node:* module.`) : [];
  }
  if (!specifier.startsWith('.')) {
    const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
    return dependencies.includes(name) ? [] : says('the package is no dependency in package.json.');
  }
  if (!specifier.endsWith('.ts')) return says('a relative import names the file with its .ts suffix.');
  const target = resolveFrom(file.path, specifier);
  if (!target.startsWith('src/')) return says('the program imports nothing outside src/.');
  if (isTest(target)) return says('only tests import tests, suites and fixtures.');
  const targetFolder = folderOf(target);
  if (folder === targetFolder) return [];
  const allowed = topFolders.includes(folder) ? everythingBelowTheTop : mayImport[folder];
  if (allowed === undefined) return says(`src/${folder} has no place in the import direction yet; give it one.`);
  if (allowed.includes(targetFolder)) return [];
  return says(`src/${folder} may import only ${['itself', ...allowed.map((name) => `src/${name}`)].join(', ')}.`);
}

/** What the program imports, by `import`, `export from`, `import()` and `new URL('./x.ts', import.meta.url)` for workers. */
export function specifiers(text: string): string[] {
  const code = withoutComments(text);
  const forms = [
    /\b(?:import|export)\b[^;'"`]*?\bfrom\s*(['"])([^'"\n]+)\1/g,
    /(?<!['"`\w.])import\s*(?:\(\s*)?(['"])([^'"\n]+)\1/g,
    /\bnew URL\(\s*(['"])(\.[^'"\n]+\.ts)\1,\s*import\.meta\.url/g,
  ];
  return forms.flatMap((form) => [...code.matchAll(form)].map((match) => match[2] ?? ''));
}

const stringOrComment = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\/\*[\s\S]*?\*\/|(?<![:\\'"`])\/\/[^\n]*/g;

function withoutComments(text: string): string {
  return text.replace(stringOrComment, (token) => (token.startsWith('/') ? ' ' : token));
}

function withoutStrings(text: string): string {
  return text.replace(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, "''");
}

function ambientUse(file: SourceFile): string[] {
  const folder = folderOf(file.path);
  const code = withoutStrings(withoutComments(file.text));
  const found: string[] = [];
  if (folder !== 'system' && /\bDate\.now\b|\bnew Date(?:\(\s*\)|(?!\w|\s*\())|(?<![\w.]|new )Date\(\s*\)/.test(code)) {
    found.push(`${file.path} reads the clock: only src/system does; take the time from run.now().`);
  }
  if (folder !== 'config' && /\bprocess\s*\.\s*env\b|\{[^{}]*\benv\b[^{}]*\}\s*=\s*process\b/.test(code)) {
    found.push(`${file.path} reads process.env: only src/config does.`);
  }
  return found;
}

function silenced(file: SourceFile): string[] {
  const found: string[] = [];
  if (/@ts-(?:ignore|expect-error|nocheck)|(?:oxlint|eslint)-disable/.test(file.text)) {
    found.push(`${file.path} silences the compiler or the linter: mend the cause.`);
  }
  if (/\bas\s+unknown\s+as\b/.test(withoutStrings(withoutComments(file.text)))) {
    found.push(`${file.path} casts through unknown: parse the value into its type.`);
  }
  return found;
}

function cycles(files: readonly SourceFile[]): string[] {
  const paths = new Set(files.map((file) => file.path));
  const imports = new Map(
    files.map((file) => {
      const targets = specifiers(file.text).map((specifier) => resolveFrom(file.path, specifier));
      return [file.path, targets.filter((target) => paths.has(target))] as const;
    }),
  );
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      found.push(`${path} is part of an import cycle: ${[...trail.slice(start), path].join(' -> ')}.`);
      return;
    }
    if (done.has(path)) return;
    for (const target of imports.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of paths) visit(path, []);
  return found;
}

function resolveFrom(path: string, specifier: string): string {
  return specifier.startsWith('.') ? normalize(join(dirname(path), specifier)) : specifier;
}
