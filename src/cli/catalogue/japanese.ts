import type { Messages } from './english.ts';
import { accountMessages } from './japanese/accounts.ts';
import { adoptMessages } from './japanese/adopt.ts';
import { backupMessages } from './japanese/backup.ts';
import { captureMessages } from './japanese/capture.ts';
import { copyMessages } from './japanese/copy.ts';
import { drillMessages } from './japanese/drill.ts';
import { forgetMessages } from './japanese/forget.ts';
import { generalMessages } from './japanese/general.ts';
import { healthMessages } from './japanese/health.ts';
import { historyMessages } from './japanese/history.ts';
import { holdMessages } from './japanese/hold.ts';
import { keyMessages } from './japanese/keys.ts';
import { kitMessages } from './japanese/kit.ts';
import { lookingInsideMessages } from './japanese/looking-inside.ts';
import { mountMessages } from './japanese/mount.ts';
import { notifyMessages } from './japanese/notify.ts';
import { presetMessages } from './japanese/presets.ts';
import { pruneMessages } from './japanese/prune.ts';
import { personMessages } from './japanese/restore-person.ts';
import { repairMessages } from './japanese/repair.ts';
import { reportMessages } from './japanese/report.ts';
import { repositoryMessages } from './japanese/repository.ts';
import { restoreMessages } from './japanese/restore.ts';
import { restoreServerMessages } from './japanese/restore-server.ts';
import { runServerMessages } from './japanese/run-server.ts';
import { scrubMessages } from './japanese/scrub.ts';
import { runbookMessages } from './japanese/runbook.ts';
import { scheduleMessages } from './japanese/schedule.ts';
import { upkeepMessages } from './japanese/upkeep.ts';

export const japanese: Messages = {
  ...generalMessages,
  ...accountMessages,
  ...adoptMessages,
  ...backupMessages,
  ...reportMessages,
  ...repositoryMessages,
  ...restoreMessages,
  ...restoreServerMessages,
  ...runServerMessages,
  ...runbookMessages,
  ...scheduleMessages,
  ...scrubMessages,
  ...forgetMessages,
  ...holdMessages,
  ...keyMessages,
  ...kitMessages,
  ...notifyMessages,
  ...presetMessages,
  ...pruneMessages,
  ...personMessages,
  ...repairMessages,
  ...captureMessages,
  ...copyMessages,
  ...drillMessages,
  ...lookingInsideMessages,
  ...mountMessages,
  ...healthMessages,
  ...historyMessages,
  ...upkeepMessages,
};
