import type { Messages } from './english.ts';

/** The messages of a language, without those of the other, which most commands need not load. */
export const loadMessages = async (language: 'en' | 'ja'): Promise<Messages> =>
  language === 'ja' ? (await import('./japanese.ts')).japanese : (await import('./english.ts')).english;
