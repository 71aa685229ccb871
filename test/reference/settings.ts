// The page about the configuration: its last part is made from the schema. `npm run docs` writes it anew.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { referencePage } from '../../src/config/reference-page.ts';
import { outlineOf } from '../../src/config/schema-outline.ts';
import { loadConfigSchema } from '../../src/registry.ts';

const file = fileURLToPath(new URL('../../docs/configuration.md', import.meta.url));
const mark = '<!-- From here on made from the schema by `npm run docs`. -->\n';

/** The page as it is, and as it should be. */
export const settingsPage = async (): Promise<{ readonly is: string; readonly shouldBe: string }> => {
  const is = await readFile(file, 'utf8');
  const createSchema = await loadConfigSchema();
  const written = is.slice(0, is.indexOf(mark) + mark.length);
  return { is, shouldBe: `${written}\n${referencePage(outlineOf(createSchema((path) => path)))}` };
};

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(file, (await settingsPage()).shouldBe);
