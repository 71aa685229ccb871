import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** For tests: a process that changes the flags of the messages in a directory, one after another, as fast as it can. */
export const startRenaming = async (directory: string): Promise<AsyncDisposable & { readonly child: ChildProcess }> => {
  const program = `
    import { readdirSync, renameSync } from 'node:fs';
    const directory = process.argv[1];
    const names = readdirSync(directory);
    let running = true;
    process.on('disconnect', () => { running = false; });
    process.send('renaming');
    const round = () => {
      for (let at = 0; at < names.length; at++) {
        const name = names[at];
        const next = name.endsWith('S') ? name.slice(0, -1) : name + 'S';
        renameSync(directory + '/' + name, directory + '/' + next);
        names[at] = next;
      }
      if (running) setImmediate(round);
    };
    round();
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, directory], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  await once(child, 'message');
  return {
    child,
    [Symbol.asyncDispose]: async () => {
      child.disconnect();
      await ended;
    },
  };
};
