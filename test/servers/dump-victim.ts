import { createRun } from '../../src/system/run.ts';
import { Secret } from '../../src/model/secret.ts';
import { databaseComponent } from '../../src/protocol/database/component.ts';
import { databaseSetting } from '../../src/protocol/database/config.ts';

/** Begins to dump the database of a setting (JSON), says so, and stays in the middle until it is killed. */
const [json = '', name = '', password = ''] = process.argv.slice(2);
const run = createRun({ signal: new AbortController().signal });
const setting = databaseSetting((path) => path).parse(JSON.parse(json));
const parts = {
  readSecret: async () => new Secret(password),
  variables: process.env,
  spool: '/nonexistent',
  words: { tablesLocked: () => '' },
};
const source = await databaseComponent('mysql', setting, parts).open(run);
for await (const { listing } of source.capture(undefined, run)) {
  if (listing.kind !== 'listed') continue;
  for await (const page of listing.pages) {
    const child = page.find((child) => child.kind === 'fresh' && child.entry.name === name);
    if (child?.kind !== 'fresh') continue;
    for await (const delivery of source.read([child], 'in-order', run)) {
      if (delivery.bytes.length === 0) continue;
      process.stdout.write('begun\n');
      await new Promise((resolve) => setTimeout(resolve, 600_000));
    }
  }
}
