/** What every command may say. */
export const generalMessages = {
  fault: (message: string): string => `mailkeep: ${message}`,
  warning: (message: string): string => `warning: ${message}`,
  hint: (hint: string): string => `  ${hint}`,
  yesOrNo: (): string => '[y/N]',
  isYes: (answer: string): boolean => answer === 'y' || answer === 'yes',
  interruptedAgain: (): string => 'mailkeep: stopped at once',

  firstRepository: (location: string): string => `A new encrypted repository was made for you: ${location}`,
  firstPassword: (file: string): string => `Its password was generated into: ${file}`,
  keepPassword: (): string =>
    'KEEP A COPY of that password file somewhere else, on paper or in a password manager: without it nobody can read the backup.',

  progress: (files: string, bytes: string, rate: string): string => `${files} files, ${bytes}, ${rate}/s`,
  progressOf: (percent: string, files: string, bytes: string, rate: string, left: string): string =>
    `${percent}  ${files} files, ${bytes}, ${rate}/s, ${left} left`,
  partOf: (part: string, total: string): string => `${part} of ${total}`,
};
