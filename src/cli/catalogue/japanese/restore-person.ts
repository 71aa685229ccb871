import type { personMessages as english } from '../english/restore-person.ts';

export const personMessages: typeof english = {
  personBackupIncomplete: (backup) => `${backup} は作成時に一部が欠けていました`,
  askPerson: (files, target) => `メールボックス ${target} に ${files} ファイルを追加しますか?`,
};
