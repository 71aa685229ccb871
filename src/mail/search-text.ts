/**
 * A text as it is compared in a search: compatibility forms made one (full and half width, ligatures; NFKC), lower case,
 * white space as single spaces. Both what is sought and where it is sought go through it.
 */
export const foldForSearch = (text: string): string => text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
