import type { Run } from '../../contract/run.ts';
import type { ServerBackup } from '../../contract/server-backup.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import { type SurveyedMail, surveyMail, type SurveyedMaildir } from './survey-mail.ts';

/** The Maildirs of all components that hold mail, and how many messages these have. */
export const surveyBackup = async (backup: ServerBackup, run: Run): Promise<SurveyedMail> => {
  const maildirs: SurveyedMaildir[] = [];
  let messages = 0;
  run.emit({ kind: 'phase', phase: 'drill: looking at the backup' });
  for (const { name, form } of backup.components) {
    if (form !== 'tree' || name === 'logs' || name === 'scripts') continue;
    const base = await backup.open([byteStringOfText(name)], run);
    try {
      const found = await surveyMail(base, name, run);
      maildirs.push(...found.maildirs);
      messages += found.messages;
    } finally {
      await base.close();
    }
  }
  return { maildirs, messages };
};
