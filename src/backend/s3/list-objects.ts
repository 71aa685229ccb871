import type { ListedObject, ObjectKind } from '../../contract/backend.ts';
import { throwIfInterrupted, type Run } from '../../contract/run.ts';
import { Fault, isFault } from '../../model/fault.ts';
import type { S3Connection } from './connection.ts';
import { nameOf, prefixOf } from './keys.ts';
import { sizeOfObject } from './read-object.ts';

/** S3 gives no more in one answer. */
export const listedAtOnce = 1000;

type Page = readonly ListedObject[];

/** Which keys are listed. */
interface Stretch {
  readonly kind: ObjectKind;
  readonly prefix: string;
  /** Only those behind this one. */
  readonly after?: string;
}

/** One answer, and where the next one begins. */
interface Answer {
  readonly page: Page;
  readonly lastKey: string | undefined;
  readonly next: string | undefined;
}

const ask = async (
  connection: S3Connection,
  { kind, prefix, after }: Stretch,
  from: string | undefined,
  run: Run,
): Promise<Answer> => {
  const { location } = connection.place;
  const answer = await connection.ask(`list each ${kind}`, run, (client, options, sdk) =>
    client.send(
      new sdk.ListObjectsV2Command({
        Bucket: location.bucket,
        Prefix: prefix,
        MaxKeys: listedAtOnce,
        ...(after === undefined ? {} : { StartAfter: after }),
        ...(from === undefined ? {} : { ContinuationToken: from }),
      }),
      options,
    ),
  );
  const contents = answer.Contents ?? [];
  const page = contents.flatMap(({ Key, Size }): ListedObject[] => {
    const name = nameOf(location, kind, Key);
    return name === undefined ? [] : [{ name, size: Size ?? 0 }];
  });
  if (answer.IsTruncated === true && (answer.NextContinuationToken ?? from) === from) {
    throw new Fault('backend-misbehaved', `the server does not say how a listing goes on`);
  }
  const next = answer.IsTruncated === true ? answer.NextContinuationToken : undefined;
  return { page, lastKey: contents.at(-1)?.Key, next };
};

async function* pagesOf(connection: S3Connection, stretch: Stretch, run: Run, start?: string): AsyncGenerator<Page> {
  let from = start;
  do {
    const { page, next } = await ask(connection, stretch, from, run);
    if (page.length > 0) yield page;
    throwIfInterrupted(run);
    from = next;
  } while (from !== undefined);
}

/** With fewer pages than this to come, one after another is quick enough. */
const manyPages = 16;
const digits = [...'0123456789abcdef'];

/**
 * The rest of a listing of packs, whose names are evenly spread, as parts that can be listed at the same time: what follows
 * `lastKey` under its first digit, and each further digit. Undefined: it is too short for that.
 */
export const restOfPacks = (prefix: string, lastKey: string): readonly Omit<Stretch, 'kind'>[] | undefined => {
  const folder = /^[0-9a-f]{2}(?=\/)/.exec(lastKey.slice(prefix.length))?.[0];
  if (folder === undefined || !lastKey.startsWith(prefix)) return undefined;
  if (Number.parseInt(folder, 16) + 1 > 256 / manyPages) return undefined;
  return digits
    .filter((digit) => digit >= folder.charAt(0))
    .map((digit) => ({
      prefix: `${prefix}${digit}`,
      ...(digit === folder.charAt(0) ? { after: lastKey } : {}),
    }));
};

/** Pages of several listings as they come, of so many at once. */
async function* merged(listings: readonly AsyncGenerator<Page>[], atOnce: number): AsyncGenerator<Page> {
  type Turn = { readonly listing: AsyncGenerator<Page>; readonly result: IteratorResult<Page> };
  const waiting = [...listings];
  const asked = new Map<AsyncGenerator<Page>, Promise<Turn>>();
  const pull = (listing: AsyncGenerator<Page> | undefined): void => {
    if (listing === undefined) return;
    const turn = listing.next().then((result) => ({ listing, result }));
    // Awaited below unless another one fails first.
    turn.catch(() => undefined);
    asked.set(listing, turn);
  };
  while (waiting.length > 0 && asked.size < atOnce) pull(waiting.shift());
  while (asked.size > 0) {
    const { listing, result } = await Promise.race(asked.values());
    asked.delete(listing);
    pull(result.done === true ? waiting.shift() : listing);
    if (result.done !== true) yield result.value;
  }
}

async function* listConfig(connection: S3Connection, run: Run): AsyncGenerator<Page> {
  try {
    yield [{ name: '', size: await sizeOfObject(connection, { kind: 'config', name: '' }, run) }];
  } catch (error) {
    if (!isFault(error, 'object-missing')) throw error;
  }
}

/** All objects of a kind, a page for each answer. Where there are very many packs, several parts are asked for at once. */
export async function* listObjects(connection: S3Connection, kind: ObjectKind, run: Run): AsyncGenerator<Page> {
  if (kind === 'config') {
    yield* listConfig(connection, run);
    return;
  }
  const { location, settings } = connection.place;
  const all = { kind, prefix: prefixOf(location, kind) };
  const { page, lastKey, next } = await ask(connection, all, undefined, run);
  if (page.length > 0) yield page;
  throwIfInterrupted(run);
  if (next === undefined) return;
  const rest = kind === 'pack' && lastKey !== undefined ? restOfPacks(all.prefix, lastKey) : undefined;
  if (rest === undefined) {
    yield* pagesOf(connection, all, run, next);
    return;
  }
  const listings = rest.map((part) => pagesOf(connection, { kind, ...part }, run));
  yield* merged(listings, settings.connections);
}
