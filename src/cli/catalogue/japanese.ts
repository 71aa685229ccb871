import type { Messages } from './english.ts';
import { backupMessages } from './japanese/backup.ts';
import { generalMessages } from './japanese/general.ts';
import { lookingInsideMessages } from './japanese/looking-inside.ts';
import { repositoryMessages } from './japanese/repository.ts';
import { restoreMessages } from './japanese/restore.ts';

export const japanese: Messages = {
  ...generalMessages,
  ...backupMessages,
  ...repositoryMessages,
  ...restoreMessages,
  ...lookingInsideMessages,
};
