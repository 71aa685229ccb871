import { mkdirSync } from 'node:fs';
import type { Component } from '../../../contract/component.ts';
import type { Run } from '../../../contract/run.ts';
import { byteStringOfLatin1, byteStringOfText, type ByteString } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import { errnoFault } from '../../../system/errno.ts';
import type { Abilities } from '../../../system/file-metadata.ts';
import { nativePath } from '../../../system/native-path.ts';
import type { DescribedComponent } from '../disk/backup-file.ts';
import { removeTree } from '../disk/remove-tree.ts';
import { manifestFolder, within } from '../manifest/manifest-files.ts';
import { createManifestWriter, type ManifestWriter } from '../manifest/manifest-writer.ts';
import type { DiskPool } from '../threads/disk-pool.ts';
import { createArchivePacking } from './archive-packing.ts';
import type { CaptureTally } from './capture-tally.ts';
import { createDumpPacking } from './dump-packing.ts';
import { addWritten, PackedCapture } from './packed-capture.ts';
import type { TreeBase } from './capture-state.ts';
import { TreeCapture } from './tree-capture.ts';

export interface ComponentParts {
  /** The backup under work. */
  readonly folder: ByteString;
  readonly pool: DiskPool;
  readonly abilities: Abilities;
  /** What the component is captured against. */
  readonly base: TreeBase | undefined;
}

const allowedName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const refuseName = (name: string): void => {
  if (allowedName.test(name) && name !== 'checksums.sha256' && name !== 'backup.log') return;
  throw new Fault('configuration', `“${name}” cannot be the name of a component on a dated disk`, {
    hint: 'Use letters, digits, dots and hyphens.',
  });
};

/** Captures a component into its folder, with its manifest beside. When it throws, nothing of it stays. */
export const captureComponent = async (
  component: Component,
  parts: ComponentParts,
  run: Run,
): Promise<DescribedComponent> => {
  refuseName(component.name);
  const began = run.now();
  const target = within(parts.folder, component.name);
  let manifest: ManifestWriter | undefined;
  try {
    makeFolder(target);
    manifest = createManifestWriter(parts.folder, component.name);
    const source = await component.open(run);
    try {
      const scannedAt = run.now();
      const tally = await captureInForm(component, { ...parts, source, target, manifest }, run);
      manifest.finish();
      return {
        ...describe(component, tally),
        duration: Number((run.now() - began) / 1_000_000n),
        scannedAt: String(scannedAt),
        ...(component.filters === undefined ? {} : { filters: component.filters }),
        origin: source.description,
      };
    } finally {
      await source.close();
    }
  } catch (error) {
    manifest?.close();
    await removeTree(target);
    await removeTree(within(parts.folder, manifestFolder(component.name)));
    throw error;
  }
};

const makeFolder = (path: ByteString): void => {
  try {
    mkdirSync(nativePath(path), { mode: 0o700 });
  } catch (error) {
    throw errnoFault(error, 'make the folder', path);
  }
};

const describe = ({ name, form }: Component, tally: CaptureTally) => ({
  name,
  form,
  counts: tally.counts,
  linked: tally.linked,
  writtenBytes: tally.writtenBytes,
  unreadable: tally.unreadable,
});

interface OpenParts extends ComponentParts {
  readonly source: Awaited<ReturnType<Component['open']>>;
  readonly target: ByteString;
  readonly manifest: ManifestWriter;
}

const captureInForm = ({ name, form }: Component, parts: OpenParts, run: Run): Promise<CaptureTally> => {
  const { source, manifest, target, abilities } = parts;
  if (form === 'tree') return new TreeCapture({ ...parts, component: name }, run).capture();
  const counted = { writtenBytes: 0 };
  const place = {
    target,
    component: byteStringOfText(name),
    onFile: (path: string, written: { readonly sha256: string; readonly bytes: number }): void =>
      addWritten({ manifest, tally: counted }, path, written),
  };
  const spool = byteStringOfLatin1(`${parts.folder}/${manifestFolder(name)}/spool`);
  const packing = form === 'dump' ? createDumpPacking(place) : createArchivePacking({ ...place, spool, abilities });
  return new PackedCapture({ source, component: name, manifest, packing }, run)
    .capture()
    .then((tally) => ({ ...tally, ...counted }));
};
