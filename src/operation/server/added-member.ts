import type { Child, ReadRequest, Source } from '../../contract/source.ts';
import type { ByteString } from '../../model/byte-string.ts';
import { captureMember, type NamedSource, readJoined, renumbered } from './joined-sources.ts';

async function* withFirst(
  name: ByteString,
  pages: AsyncIterable<readonly Child[]>,
): AsyncGenerator<readonly Child[], void> {
  let first: readonly Child[] = [{ kind: 'directory', name }];
  for await (const page of pages) {
    yield [...first, ...page];
    first = [];
  }
  if (first.length > 0) yield first;
}

/** Whether a content is the member's: `captureMember` wraps its keys. */
const isOf = (member: NamedSource, { content }: ReadRequest): boolean =>
  content.kind === 'delivered' &&
  typeof content.key === 'object' &&
  content.key !== null &&
  'member' in content.key &&
  content.key.member === member;

/** A source with one more folder at its root, whose name must come before all others there. */
export const addMember = (source: Source, member: NamedSource): Source => ({
  description: source.description,
  capture: async function* (base, run) {
    yield* captureMember(member, base, run);
    for await (const directory of source.capture(base, run)) {
      const { path, listing } = directory;
      if (path.length > 0 || listing.kind !== 'listed') yield directory;
      else yield { ...directory, listing: { kind: 'listed', pages: withFirst(member.name, listing.pages) } };
    }
  },
  read: async function* (requests, pieces, run) {
    const numbers = [...requests.keys()];
    const part = (own: boolean): readonly number[] =>
      numbers.filter((at) => {
        const request = requests[at];
        return request !== undefined && isOf(member, request) === own;
      });
    const [added, others] = [part(true), part(false)];
    const wanted = (those: readonly number[]): readonly ReadRequest[] => those.flatMap((at) => requests[at] ?? []);
    if (added.length > 0) {
      for await (const delivery of readJoined(wanted(added), pieces, run)) yield renumbered(delivery, added);
    }
    if (others.length === 0) return;
    for await (const delivery of source.read(wanted(others), pieces, run)) yield renumbered(delivery, others);
  },
  relocate: async (path, entry, run) => (path[0] === member.name ? undefined : source.relocate(path, entry, run)),
  close: async () => {
    await source.close();
    await member.source.close();
  },
});
