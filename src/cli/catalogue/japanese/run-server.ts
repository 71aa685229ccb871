import type { runServerMessages as english } from '../english/run-server.ts';

export const runServerMessages: typeof english = {
  runNoServer: () => '--daily と --weekly はサーバー用ですが、指定されたものにサーバーはありません',
  serverFailed: (sentence) => `失敗: ${sentence}`,
};
