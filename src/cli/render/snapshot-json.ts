import { formatSnapshot, type SnapshotFile } from '../../store/restic/format/snapshot-format.ts';

/** A snapshot as restic's `--json` has it: its file with `id` and `short_id`, and `more` members (raw JSON) behind. */
export const snapshotJson = (file: SnapshotFile, more = ''): string => {
  const members = Buffer.from(formatSnapshot(file)).toString().slice(0, -1);
  return `${members},"id":"${file.id}","short_id":"${file.id.slice(0, 8)}"${more}}`;
};
