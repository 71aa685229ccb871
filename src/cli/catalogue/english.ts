import { accountMessages } from './english/accounts.ts';
import { adoptMessages } from './english/adopt.ts';
import { backupMessages } from './english/backup.ts';
import { captureMessages } from './english/capture.ts';
import { copyMessages } from './english/copy.ts';
import { drillMessages } from './english/drill.ts';
import { forgetMessages } from './english/forget.ts';
import { generalMessages } from './english/general.ts';
import { healthMessages } from './english/health.ts';
import { historyMessages } from './english/history.ts';
import { holdMessages } from './english/hold.ts';
import { keyMessages } from './english/keys.ts';
import { kitMessages } from './english/kit.ts';
import { lookingInsideMessages } from './english/looking-inside.ts';
import { mountMessages } from './english/mount.ts';
import { notifyMessages } from './english/notify.ts';
import { presetMessages } from './english/presets.ts';
import { pruneMessages } from './english/prune.ts';
import { personMessages } from './english/restore-person.ts';
import { repairMessages } from './english/repair.ts';
import { reportMessages } from './english/report.ts';
import { repositoryMessages } from './english/repository.ts';
import { restoreMessages } from './english/restore.ts';
import { restoreServerMessages } from './english/restore-server.ts';
import { runServerMessages } from './english/run-server.ts';
import { scrubMessages } from './english/scrub.ts';
import { runbookMessages } from './english/runbook.ts';
import { scheduleMessages } from './english/schedule.ts';
import { upkeepMessages } from './english/upkeep.ts';

/** One file a command; names are unique over all of them. */
export const english = {
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

/**
 * What the program tells people. A message is a function of its values, so that a language can order and inflect as it
 * needs; the compiler sees to it that every language has every message.
 */
export type Messages = typeof english;
