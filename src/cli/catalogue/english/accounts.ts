import { plural } from './plural.ts';

/** Of `config` and `login`. */
export const accountMessages = {
  configGood: (file: string, accounts: number, repositories: number): string =>
    `${file} is right: ${plural(accounts, 'account', 'accounts')}, ${plural(repositories, 'repository', 'repositories')}`,
  configBad: (file: string, count: number): string => `${file} cannot be used: ${plural(count, 'problem', 'problems')}`,

  loginOpenBrowser: (account: string): string => `To log in to ${account}, open this address in a browser:`,
  loginPaste: (): string =>
    'If the browser is on another machine, it ends at an address that does not open. Paste that address here:',
  loginOpenPage: (account: string, page: string): string => `To log in to ${account}, open ${page} on any device,`,
  loginTypeCode: (code: string): string => `and type this code: ${code}`,
  loginWaiting: (): string => 'Waiting for an answer; Ctrl-C ends it.',
  loginGoodPage: (): string => 'You are logged in. This page can be closed.',
  loginBadPage: (): string => 'This is not the answer that Mailkeep waits for. Go back to the terminal.',
  loginDone: (account: string): string => `logged in to ${account}; what is needed from now on is kept`,
};
