import type { DatedDamage } from '../../contract/component.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import type { ReadRequest, Source } from '../../contract/source.ts';
import { byteStringOfLatin1, byteStringOfText, type ByteString } from '../../model/byte-string.ts';

/** So many are asked for together; a source reads them in its own best order. */
const requestsAtOnce = 2000;

interface Asked {
  readonly requests: ReadRequest[];
  readonly paths: ByteString[];
}

/** Reads all that a source has, and tells what cannot be read. `name` stands before every path. */
export const findUnreadable = async (source: Source, name: string, run: Run): Promise<readonly DatedDamage[]> => {
  const damages: DatedDamage[] = [];
  const totals = { files: 0, bytes: 0 };
  let asked: Asked = { requests: [], paths: [] };
  const readAll = async (): Promise<void> => {
    const { requests, paths } = asked;
    asked = { requests: [], paths: [] };
    for await (const { verdicts, recycle } of source.read(requests, 'any-order', run)) {
      throwIfInterrupted(run);
      for (const { request, verdict } of verdicts) {
        totals.files++;
        if (verdict.kind === 'complete') totals.bytes += verdict.bytes;
        const path = paths[request];
        if (verdict.kind === 'failed' && path !== undefined) damages.push({ path, fault: verdict.fault });
      }
      recycle?.();
      run.emit({ kind: 'progress', ...totals });
    }
  };
  for await (const { path, listing } of source.capture(undefined, run)) {
    const folder = [byteStringOfText(name), ...path].join('/');
    if (listing.kind === 'carried') damages.push({ path: byteStringOfLatin1(folder), fault: listing.fault });
    if (listing.kind !== 'listed') continue;
    for await (const page of listing.pages) {
      for (const child of page) {
        if (child.kind !== 'fresh' || child.content.kind !== 'delivered') continue;
        asked.requests.push({ entry: child.entry, content: child.content });
        asked.paths.push(byteStringOfLatin1(`${folder}/${child.entry.name}`));
      }
      if (asked.requests.length >= requestsAtOnce) await readAll();
    }
  }
  if (asked.requests.length > 0) await readAll();
  return damages;
};
