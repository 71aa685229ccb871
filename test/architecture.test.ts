import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { type SourceFile, specifiers, violations } from './architecture/source-rule.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = z.object({
  dependencies: z.record(z.string(), z.string()),
  optionalDependencies: z.record(z.string(), z.string()),
});

async function sources(): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  for await (const path of glob('src/**/*.ts', { cwd: root })) {
    files.push({ path: path.replaceAll('\\', '/'), text: await readFile(`${root}/${path}`, 'utf8') });
  }
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

async function declaredDependencies(): Promise<string[]> {
  const parsed = manifest.parse(JSON.parse(await readFile(`${root}/package.json`, 'utf8')));
  return [...Object.keys(parsed.dependencies), ...Object.keys(parsed.optionalDependencies)];
}

function file(path: string, ...lines: readonly string[]): SourceFile {
  return { path, text: lines.join('\n') };
}

describe('architecture', () => {
  test('the sources keep the import direction, have no cycle, no ambient clock or environment, and silence nothing', async () => {
    const files = await sources();
    assert.ok(files.length > 0, 'no source was found');
    assert.deepEqual(violations(files, await declaredDependencies()), []);
  });

  const broken: readonly (readonly [string, RegExp, readonly SourceFile[]])[] = [
    [
      'an import against the direction',
      /^src\/model\/a\.ts .*src\/model may import only itself\.$/,
      [file('src/model/a.ts', "import type { B } from '../store/b.ts';")],
    ],
    [
      'a sibling',
      /^src\/store\/b\.ts .*src\/store may import only/,
      [file('src/store/b.ts', "import { open } from '../backend/local.ts';")],
    ],
    [
      'system in an operation',
      /^src\/operation\/o\.ts .*src\/operation may import only/,
      [file('src/operation/o.ts', "export { clock } from '../system/clock.ts';")],
    ],
    [
      'a worker out of bounds',
      /^src\/contract\/c\.ts .*src\/contract may import only/,
      [file('src/contract/c.ts', "new Worker(new URL('../store/worker.ts', import.meta.url));")],
    ],
    [
      'a folder that the rules do not know',
      /src\/utils has no place/,
      [file('src/utils/a.ts', "import { b } from '../model/b.ts';")],
    ],
    [
      'node:* in the pure core',
      /^src\/mail\/m\.ts .*pure/,
      [file('src/mail/m.ts', "const fs = await import('node:fs');")],
    ],
    ['an undeclared package', /no dependency/, [file('src/store/b.ts', "import { x } from '@scope/other/deep';")]],
    ['a file outside src', /nothing outside src/, [file('src/cli/m.ts', "import { x } from '../../test/x.ts';")]],
    ['a missing suffix', /\.ts suffix/, [file('src/cli/m.ts', "import { x } from './x';")]],
    ['the clock', /reads the clock/, [file('src/store/b.ts', 'const at = new Date();')]],
    ['the clock by another name', /reads the clock/, [file('src/store/b.ts', 'const now = Date.now;')]],
    ['the environment', /process\.env/, [file('src/cli/m.ts', 'const { env } = process;')]],
    ['a silenced compiler', /silences/, [file('src/store/b.ts', '// @ts-ignore')]],
    ['a cast through unknown', /casts through unknown/, [file('src/store/b.ts', 'const n = 3 as unknown as string;')]],
    [
      'a cycle',
      /cycle: src\/store\/a\.ts -> src\/store\/b\.ts -> src\/store\/a\.ts\.$/,
      [
        file('src/store/a.ts', "import type { B } from './b.ts';"),
        file('src/store/b.ts', "import { a } from './a.ts';"),
      ],
    ],
  ];
  for (const [what, sentence, files] of broken) {
    test(`${what} is caught`, () => {
      const found = violations(files, ['zod', '@scope/one']);
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0] ?? '', sentence);
    });
  }

  test('what is allowed passes: types, dates from numbers, comments, words in strings, tests that import anything', () => {
    const files = [
      file('src/store/a.ts', "import type { B } from '../contract/b.ts';", "import { z } from 'zod';"),
      file('src/store/b.ts', "import { c } from '@scope/one/deep';", 'const at = new Date(seconds * 1000);'),
      file('src/store/c.ts', "// import { x } from '../cli/x.ts'; Date.now()", "const s = 'process.env';"),
      file('src/store/d.test.ts', "import { local } from '../backend/local.ts';"),
      file('src/system/clock.ts', 'export const now = () => Date.now();'),
      file('src/config/environment.ts', 'export const home = () => process.env.HOME;'),
      file('src/cli/main.ts', "import { known } from '../registry.ts';"),
      file('src/registry.ts', "import { local } from './backend/local.ts';"),
    ];
    assert.deepEqual(violations(files, ['zod', '@scope/one']), []);
  });

  test('every form of import is seen', () => {
    const text = `import a from 'a';\nimport 'b';\nexport * from "c";\nimport {\n  d,\n} from 'd';\nawait import('e');\nexport const words = ['from', 'to', 'import', 'x'];`;
    assert.deepEqual(specifiers(text).toSorted(), ['a', 'b', 'c', 'd', 'e']);
  });
});
