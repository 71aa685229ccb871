import assert from 'node:assert/strict';
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { byteStringOfText } from '../../model/byte-string.ts';
import { loadPosix } from '../../system/posix.ts';
import { checkWithCoreutils, makeDatedFixture, placeMessages } from './dated-fixture.ts';
import { createManifestBase } from './manifest/manifest-base.ts';
import { openManifest } from './manifest/manifest-reader.ts';

/** More than two pages of a manifest. */
const messages = 2500;
const nameOf = (number: number, flags = 'S'): string => `${1_600_000_000 + number}.M${number}P1.host:2,${flags}`;

const skip = (await loadPosix()) === undefined ? 'needs the package koffi' : false;

test(
  'B2: a folder of which little changed is taken from the pages of the day before, in order',
  { skip },
  async (t) => {
    const fixture = await makeDatedFixture();
    t.after(fixture.close);
    const { mail, root, run } = fixture;
    const folder = join(mail, 'alice');
    const texts = Array.from({ length: messages }, (_, number) => [`cur/${nameOf(number)}`, `text ${number}`] as const);
    placeMessages(folder, Object.fromEntries(texts));
    const cur = join(folder, 'cur');
    await fixture.night('2025-11-07');
    const packedOn = async (date: string) => {
      const place = byteStringOfText(join(root, 'daily', date));
      const manifest = openManifest(place, 'mail');
      const options = {
        manifest,
        place: { form: 'tree', root: `${place}/mail` },
        scannedAt: 0n,
        trusted: true,
      } as const;
      const base = createManifestBase({ ...options, lost: new Set(), contents: async function* () {} });
      const path = ['vmail', 'alice', 'cur'].map((name) => byteStringOfText(name));
      const packed = await base.packed?.(path, run);
      assert.ok(packed);
      const names = Array.from({ length: packed.count }, (_, number) => String(packed.entry(number).entry.name));
      manifest.close();
      return { names, frames: manifest.folder(path)?.frames.length };
    };
    assert.deepEqual(await packedOn('2025-11-07'), { names: readdirSync(cur).toSorted(), frames: 3 });

    for (const number of [0, 700, 1500, 2499]) renameSync(join(cur, nameOf(number)), join(cur, nameOf(number, 'FS')));
    for (const number of [1, 999, 1000, 2000]) rmSync(join(cur, nameOf(number)));
    for (const name of ['1000000000.first.host:2,', nameOf(1200, 'S,W'), nameOf(9000)])
      writeFileSync(join(cur, name), name);
    writeFileSync(join(cur, nameOf(1300)), 'other bytes than before');
    const { backup, captured } = await fixture.night('2025-11-08');
    const there = readdirSync(cur).toSorted();
    assert.equal(there.length, messages - 1);
    assert.deepEqual(readdirSync(join(backup.folder, 'mail/vmail/alice/cur')).toSorted(), there);
    assert.deepEqual(await packedOn('2025-11-08'), { names: there, frames: 3 });
    // All but the four that are gone and the one with other bytes are links.
    assert.deepEqual(
      captured.map(({ linked, counts }) => [linked, counts.files]),
      [[messages - 5, messages - 1]],
    );
    assert.ok(checkWithCoreutils(backup.folder).includes(`${nameOf(1200, 'S,W')}: OK`));

    // The last page has enough: what comes in at the end begins another.
    for (let number = 0; number < 600; number++) writeFileSync(join(cur, nameOf(10_000 + number)), `late ${number}`);
    const next = await fixture.night('2025-11-09');
    assert.deepEqual(await packedOn('2025-11-09'), { names: readdirSync(cur).toSorted(), frames: 4 });
    assert.equal(next.captured[0]?.linked, messages - 1);
  },
);
