import { copyFile, cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { succeed } from '../requirement/command.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface CompiledPackage extends AsyncDisposable {
  /** Its launcher. */
  readonly program: string;
}

/** The package as it is installed: compiled, with its node_modules. */
export const compilePackage = async (): Promise<CompiledPackage> => {
  const place = await mkdtemp(join(tmpdir(), 'mailkeep-compiled-'));
  for (const name of ['bin', 'src']) await cp(join(root, name), join(place, name), { recursive: true });
  for (const name of ['package.json', 'tsconfig.json', 'tsconfig.build.json'])
    await copyFile(join(root, name), join(place, name));
  await symlink(join(root, 'node_modules'), join(place, 'node_modules'));
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  await succeed(process.execPath, [compiler, '-p', join(place, 'tsconfig.build.json')]);
  await rm(join(place, 'src'), { recursive: true });
  return {
    program: join(place, 'bin/mailkeep.js'),
    [Symbol.asyncDispose]: () => rm(place, { recursive: true, force: true }),
  };
};
