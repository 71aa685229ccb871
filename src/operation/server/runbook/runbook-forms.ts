import type { RunbookBlock } from './runbook-block.ts';

export type RunbookFormat = 'markdown' | 'text' | 'html';

/** What Markdown would take for markup. An underscore within a word is none. */
const markdownText = (text: string): string => text.replace(/[\\`*<[\]]/g, String.raw`\$&`);

const markdownOf = (block: RunbookBlock): string => {
  switch (block.kind) {
    case 'title':
      return `# ${markdownText(block.text)}\n`;
    case 'heading':
      return `## ${markdownText(block.text)}\n`;
    case 'paragraph':
      return `${markdownText(block.text)}\n`;
    case 'list':
      return block.items.map((item) => `- ${markdownText(item)}\n`).join('');
    case 'facts':
      return block.rows.map(([label, value]) => `- ${markdownText(label)}: ${markdownText(value)}\n`).join('');
    case 'commands':
      return [
        ...(block.label === undefined ? [] : [`${markdownText(block.label)}\n\n`]),
        `\`\`\`sh\n${block.commands.map((command) => `${command}\n`).join('')}\`\`\`\n`,
      ].join('');
  }
};

const textOf = (block: RunbookBlock): string => {
  switch (block.kind) {
    case 'title':
      return `${block.text}\n${'='.repeat(72)}\n`;
    case 'heading':
      return `${block.text}\n${'-'.repeat(72)}\n`;
    case 'paragraph':
      return `${block.text}\n`;
    case 'list':
      return block.items.map((item) => `- ${item}\n`).join('');
    case 'facts':
      return block.rows.map(([label, value]) => `- ${label}: ${value}\n`).join('');
    case 'commands':
      return [
        ...(block.label === undefined ? [] : [`${block.label}\n\n`]),
        ...block.commands.map((command) => `    ${command}\n`),
      ].join('');
  }
};

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => entities[character] ?? '');

const htmlOf = (block: RunbookBlock): string => {
  switch (block.kind) {
    case 'title':
      return `<h1>${escaped(block.text)}</h1>\n`;
    case 'heading':
      return `<h2>${escaped(block.text)}</h2>\n`;
    case 'paragraph':
      return `<p>${escaped(block.text)}</p>\n`;
    case 'list':
      return `<ul>${block.items.map((item) => `<li>${escaped(item)}</li>`).join('')}</ul>\n`;
    case 'facts':
      return `<table>${block.rows.map(([label, value]) => `<tr><th>${escaped(label)}</th><td>${escaped(value)}</td></tr>`).join('')}</table>\n`;
    case 'commands':
      return `${block.label === undefined ? '' : `<p><strong>${escaped(block.label)}</strong></p>\n`}<pre>${block.commands.map(escaped).join('\n')}</pre>\n`;
  }
};

/** For a screen in the dark, and for paper. */
const style = `:root{color-scheme:light dark}body{max-width:60em;margin:2em auto;padding:0 1em;font:16px/1.5 system-ui,sans-serif}
h2{border-top:1px solid #888;padding-top:.6em}pre{border:1px solid #888;border-radius:4px;padding:.6em;white-space:pre-wrap;overflow-wrap:anywhere}
th{text-align:left;vertical-align:top;padding-right:1em;white-space:nowrap}`;

const page = (blocks: readonly RunbookBlock[], language: string): string => {
  const title = blocks.find((block) => block.kind === 'title');
  const name = title?.kind === 'title' ? title.text : '';
  return [
    '<!doctype html>',
    `<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">`,
    `<title>${escaped(name)}</title><style>${style}</style></head><body>`,
    `${blocks.map(htmlOf).join('')}</body></html>`,
    '',
  ].join('\n');
};

/** A runbook as a file of that form. */
export const formatRunbook = (
  blocks: readonly RunbookBlock[],
  { format, language }: { readonly format: RunbookFormat; readonly language: 'en' | 'ja' },
): string => {
  if (format === 'html') return page(blocks, language);
  return blocks.map(format === 'text' ? textOf : markdownOf).join('\n');
};
