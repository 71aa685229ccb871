import type { generalMessages as english } from '../english/general.ts';

export const generalMessages: typeof english = {
  fault: (message) => `mailkeep: ${message}`,
  warning: (message) => `警告: ${message}`,
  hint: (hint) => `  ${hint}`,
  yesOrNo: () => '[y/N]',
  isYes: (answer) => ['y', 'yes', 'はい'].includes(answer),
  interruptedAgain: () => 'mailkeep: ただちに停止しました',

  firstRepository: (location) => `暗号化されたリポジトリを新しく作成しました: ${location}`,
  firstPassword: (file) => `パスワードを生成して保存しました: ${file}`,
  keepPassword: () =>
    'このパスワードファイルの写しを必ず別の場所（紙またはパスワード管理ソフト）に保管してください。これがなければ誰もバックアップを読めません。',

  progress: (files, bytes, rate) => `${files} ファイル、${bytes}、${rate}/秒`,
  progressOf: (percent, files, bytes, rate, left) =>
    `${percent}  ${files} ファイル、${bytes}、${rate}/秒、残り ${left}`,
  partOf: (part, total) => `${part} / ${total}`,
};
