import type { Run } from '../../../contract/run.ts';
import type { Base } from '../../../contract/source.ts';
import { createWindow, isDelivery, type LogWindow } from '../../../mail/delivery-log.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';
import type { Path } from '../../../model/entry.ts';
import type { JudgedBackup } from './judged-pair.ts';
import { linesOfEntry } from './look-into.ts';

/** Logs of mail servers, those of the day before too where they were turned over; not those that were compressed. */
const logName = /^(?:mail\.log|maillog|mail\.info|mail|dovecot(?:-info)?\.log|postfix\.log)(?:\.1|-\d{8})?$/;

/** How many deliveries the captured logs of a mail server tell of in a window. */
export const countDeliveries = async (
  opened: Pick<Base, 'children' | 'contents'>,
  { components }: Pick<JudgedBackup, 'components'>,
  window: LogWindow,
  run: Run,
): Promise<number> => {
  if (!components.some(({ name, form }) => name === 'logs' && form === 'tree')) return 0;
  return countIn(opened, [byteStringOfText('logs')], createWindow(window), run);
};

const countIn = async (
  opened: Pick<Base, 'children' | 'contents'>,
  path: Path,
  isWithin: (line: string) => boolean,
  run: Run,
): Promise<number> => {
  let deliveries = 0;
  for await (const page of opened.children(path, run)) {
    for (const child of page) {
      const { name, type } = child.entry;
      if (type === 'directory') deliveries += await countIn(opened, [...path, name], isWithin, run);
      if (type !== 'file' || !logName.test(name)) continue;
      for await (const lines of linesOfEntry(opened, child, run)) {
        for (const line of lines) if (isDelivery(line) && isWithin(line)) deliveries++;
      }
    }
  }
  return deliveries;
};
