import type { Component } from '../../contract/component.ts';
import type { Run } from '../../contract/run.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import { isFault } from '../../model/fault.ts';
import type { TreeBase } from './capture/capture-state.ts';
import { damagesTold } from './disk/evidence-file.ts';
import type { KnownBackup } from './disk/list-backups.ts';
import { within } from './manifest/manifest-files.ts';
import { createManifestBase, isDatedReference } from './manifest/manifest-base.ts';
import { openManifest } from './manifest/manifest-reader.ts';
import { createDeliveryMemory, readStored } from './read/read-stored.ts';
import { storedContent } from './read/stored-content.ts';
import { createUnpackedReader } from './read/unpacked-file.ts';

/** A backup that another is made against, for one component. */
export interface FoundBase extends TreeBase {
  readonly backup: KnownBackup;
  close(): void;
}

/**
 * The newest published backup that has a component as a tree. Files that are known to be damaged there count as gone. One whose
 * manifest is lost is told, and the next older one is taken.
 */
export const findBase = (component: Component, known: readonly KnownBackup[], run: Run): FoundBase | undefined => {
  if (component.form !== 'tree') return undefined;
  for (const candidate of known.toReversed()) {
    const described = candidate.description.components.find(({ name }) => name === component.name);
    const damages = candidate.evidence?.damages ?? [];
    if (described?.form !== 'tree' || damages.length >= damagesTold) continue;
    try {
      return openBase(component, candidate);
    } catch (error) {
      if (!isFault(error, 'verification-failed')) throw error;
      run.emit({ kind: 'fault', fault: error });
    }
  }
  return undefined;
};

const openBase = (component: Component, backup: KnownBackup): FoundBase => {
  const folder = byteStringOfText(backup.backup.folder);
  const root = within(folder, component.name);
  const manifest = openManifest(folder, component.name);
  const described = backup.description.components.find(({ name }) => name === component.name);
  const prefix = `${component.name}/`;
  const lost = new Set(
    (backup.evidence?.damages ?? []).flatMap(({ path }) =>
      path.startsWith(prefix) ? [path.slice(prefix.length)] : [],
    ),
  );
  const place = { form: component.form, root };
  const base = createManifestBase({
    manifest,
    place,
    scannedAt: BigInt(described?.scannedAt ?? 0),
    trusted: described?.unreadable === 0 && described.filters === component.filters,
    lost,
    contents: (entries, contentsRun) =>
      readStored(
        entries.map(({ entry, reference }) =>
          storedContent(place, isDatedReference(reference) ? reference.path : [], {
            entry,
            sha256: isDatedReference(reference) ? reference.sha256 : '',
          }),
        ),
        { unpacked: createUnpackedReader(contentsRun), memory: createDeliveryMemory() },
        contentsRun,
      ),
  });
  return {
    base,
    manifest,
    root,
    lose: (file) => void lost.add(file),
    backup,
    close: () => manifest.close(),
  };
};
