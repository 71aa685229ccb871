import { readFile } from 'node:fs/promises';

/** Runs the program with the arguments after its name; resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] !== '--version') {
    process.stderr.write('mailkeep: only --version works so far\n');
    return 2;
  }
  process.stdout.write(`${await version()}\n`);
  return 0;
}

async function version(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed === 'object' && parsed !== null && 'version' in parsed && typeof parsed.version === 'string') {
    return parsed.version;
  }
  throw new TypeError('package.json names no version');
}
