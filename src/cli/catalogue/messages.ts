import { english, type Messages } from './english.ts';
import { japanese } from './japanese.ts';

/** The messages of a language. */
export const messagesIn = (language: 'en' | 'ja'): Messages => (language === 'ja' ? japanese : english);
