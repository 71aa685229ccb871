import type { BrakeReason } from '../../model/damage-brake.ts';
import { terminalLine } from '../../mail/terminal-text.ts';
import { formatBytes } from '../../model/size.ts';
import type { Messages } from '../catalogue/english.ts';

/** Why the brake holds, in a sentence. */
export const brakeText = (reason: BrakeReason, messages: Messages): string => {
  switch (reason.kind) {
    case 'account-empty':
      return messages.brakeAccountEmpty(reason.before);
    case 'account-gone':
      return messages.brakeAccountGone(reason.gone, reason.before);
    case 'folder-gone':
      return messages.brakeFolderGone(terminalLine(reason.folder), reason.gone, reason.before);
    case 'uidvalidity-changed':
      return messages.brakeRenumbered(reason.folders, reason.of);
    case 'bodies-changed':
      return messages.brakeBodiesChanged(reason.messages);
    case 'odd-content':
      return messages.brakeOddContent(reason.files, reason.of);
    case 'dump-shrank':
      return messages.brakeDumpShrank(terminalLine(reason.dump), formatBytes(reason.bytes), formatBytes(reason.usual));
    case 'tables-lost':
      return messages.brakeTablesLost(terminalLine(reason.dump), reason.tables.map(terminalLine));
    case 'no-new-mail':
      return messages.brakeNoNewMail(reason.deliveries);
  }
};
