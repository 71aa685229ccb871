import type { Messages } from './english.ts';
import { backupMessages } from './japanese/backup.ts';
import { generalMessages } from './japanese/general.ts';

export const japanese: Messages = {
  ...generalMessages,
  ...backupMessages,
};
