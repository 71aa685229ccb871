/** Of `run`, where it is of servers. */
export const runServerMessages = {
  runNoServer: (): string => '--daily and --weekly are for servers, and none of these is one',
  serverFailed: (sentence: string): string => `FAILED: ${sentence}`,
};
