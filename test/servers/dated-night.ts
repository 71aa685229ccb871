import { mailComponent } from '../../src/store/dated/dated-fixture.ts';
import { openDatedStore } from '../../src/store/dated/dated-store.ts';
import { loadPosix } from '../../src/system/posix.ts';

/** One night as a program of its own, which can be killed: `dated-night.ts MAIL ROOT DATE`. */
const [mail = '', root = '', date = ''] = process.argv.slice(2);
const run = {
  signal: new AbortController().signal,
  now: () => BigInt(Date.now()) * 1_000_000n,
  emit: () => undefined,
};
const store = openDatedStore({ root, posix: await loadPosix(), threads: 2, timeZone: 'UTC' });
try {
  const writer = await store.begin({ kind: 'daily', date }, run);
  await writer.capture(mailComponent(mail), run);
  await writer.publish([], run);
} finally {
  await store.close();
}
