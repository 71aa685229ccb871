import { chmod, copyFile, cp, mkdir, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { Fault } from '../../model/fault.ts';
import { errnoFault } from '../../system/errno.ts';

const manifest = z.object({
  dependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
});

const isThere = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** The folder of a package as Node finds it from another: in its own node_modules, or in one above. */
const findPackage = async (name: string, from: string, root: string): Promise<string | undefined> => {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (await isThere(join(candidate, 'package.json'))) return candidate;
    if (folder === root || folder === dirname(folder)) return undefined;
  }
};

/** Packages that are needed to run, with those that they need; what is optional and missing is left out. */
const neededPackages = async (root: string, top: string): Promise<ReadonlySet<string>> => {
  const found = new Set<string>();
  const waiting = [root];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const { dependencies, optionalDependencies } = manifest.parse(
      JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')),
    );
    for (const name of [...Object.keys(dependencies), ...Object.keys(optionalDependencies)]) {
      const place = await findPackage(name, folder, top);
      if (place === undefined) {
        if (Object.hasOwn(optionalDependencies, name)) continue;
        throw new Fault('unsupported', `the package ${name} is not installed, so the program is not whole`, {
          hint: 'Install Mailkeep again.',
        });
      }
      if (!found.has(place)) waiting.push(place);
      found.add(place);
    }
  }
  return found;
};

const launcher = `#!/bin/sh
# Starts Mailkeep with the Node beside it: nothing has to be installed.
here=$(dirname "$(readlink -f "$0")")
exec "$here/node" "$here/app/bin/mailkeep.js" "$@"
`;

export interface ProgramSource {
  /** The folder of the package. */
  readonly root: string;
  /** The Node binary. */
  readonly node: string;
}

/** Fault `unsupported` when the program is not compiled here: to be asked before anything is written. */
export const requireCompiled = async ({ root }: Pick<ProgramSource, 'root'>): Promise<void> => {
  if (!(await isThere(join(root, 'dist/cli/main.js')))) {
    throw new Fault('unsupported', 'the program is run from its sources, and is not compiled', {
      hint: 'In a checkout: npm run build. An installed package is compiled.',
    });
  }
};

/**
 * Writes a program that needs nothing installed: Node, the compiled program, the packages that it needs, and a launcher `mailkeep`.
 * Fault `unsupported` when the program is not compiled here.
 */
export const writeProgram = async ({ root, node }: ProgramSource, target: string): Promise<void> => {
  await requireCompiled({ root });
  const app = join(target, 'app');
  try {
    await mkdir(app, { recursive: true, mode: 0o755 });
    for (const name of ['bin', 'dist', 'package.json'])
      await cp(join(root, name), join(app, name), { recursive: true });
    // An installed package lies beside those that it needs.
    const top = root.includes('/node_modules/') ? root.slice(0, root.indexOf('/node_modules/')) : root;
    for (const place of await neededPackages(root, top)) {
      const inside = place.slice(place.indexOf('/node_modules/') + 1).replace(/^node_modules\/mailkeep\//, '');
      await cp(await realpath(place), join(app, inside), {
        recursive: true,
        dereference: true,
        filter: (source) => !source.slice(place.length).includes('/node_modules'),
      });
    }
    await copyFile(node, join(target, 'node'));
    await chmod(join(target, 'node'), 0o755);
    await writeFile(join(target, 'mailkeep'), launcher, { mode: 0o755 });
  } catch (error) {
    throw errnoFault(error, 'write to', target);
  }
};
