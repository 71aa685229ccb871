import type { DrawnNeed, DrawnPart, DrawnReport } from './drawn-report.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? '');

type Mood = DrawnPart['mood'];

/** White text on these has a contrast of at least 4.5. */
const bands: Readonly<Record<Mood, string>> = {
  good: '#1a7f37',
  attention: '#9a6700',
  failed: '#cf222e',
  quiet: '#59636e',
};

/** Greys that can be read on white and on black: mail programs choose the ground, and some turn colours around. */
const grey = '#757d86';
const font =
  "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI','Hiragino Sans','Noto Sans CJK JP','Noto Sans JP',Meiryo,Roboto,Arial,sans-serif";
const title = (text: string): string =>
  `<p style="margin:24px 0 8px;font-size:13px;font-weight:bold;letter-spacing:.04em;color:${grey}">${escaped(text)}</p>`;

const badge = (text: string, mood: Mood): string =>
  `<span style="background:${bands[mood]};color:#ffffff;border-radius:4px;padding:1px 8px;font-size:13px;white-space:nowrap">${escaped(text)}</span>`;

const commandLine = (command: string): string =>
  `<p style="margin:6px 0"><code style="font-family:ui-monospace,Menlo,Consolas,monospace;font-size:14px;border:1px solid ${grey};border-radius:4px;padding:3px 8px;display:inline-block">${escaped(command)}</code></p>`;

const need = ({ sentence, details, commands }: DrawnNeed): string =>
  [
    `<div style="border-left:4px solid ${bands.attention};padding:2px 0 2px 12px;margin:0 0 14px">`,
    `<p style="margin:0;font-weight:bold">${escaped(sentence)}</p>`,
    ...details.map((detail) => `<p style="margin:4px 0 0">${escaped(detail)}</p>`),
    ...commands.map(commandLine),
    '</div>',
  ].join('');

/** A name, how it went, and below it what there is to say. */
const part = ({ name, state, mood, facts }: DrawnPart): string => {
  const how = mood === 'quiet' ? `<span style="color:${grey}">${escaped(state)}</span>` : badge(state, mood);
  return [
    `<tr><td style="border-top:1px solid ${grey};padding:8px 0">`,
    `<p style="margin:0"><strong>${escaped(name)}</strong>${state === '' ? '' : `&nbsp; ${how}`}</p>`,
    `<p style="margin:4px 0 0;font-size:14px">${facts.map(escaped).join('<br>')}</p>`,
    '</td></tr>',
  ].join('');
};

const table = (heading: string, parts: readonly DrawnPart[]): string =>
  parts.length === 0
    ? ''
    : `${title(heading)}<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="border-collapse:collapse">${parts.map(part).join('\n')}</table>`;

const notices = (heading: string, lines: readonly string[]): string =>
  lines.length === 0
    ? ''
    : `${title(heading)}<ul style="margin:0;padding-left:20px;font-size:14px">${lines.map((line) => `<li>${escaped(line)}</li>`).join('')}</ul>`;

/** A text as it is, as a page. */
export const plainHtml = (heading: string, text: string, language: string): string =>
  [
    '<!doctype html>',
    `<html lang="${language}"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">`,
    `<title>${escaped(heading)}</title></head>`,
    `<body style="margin:0;padding:12px"><pre style="${font};font-size:15px;white-space:pre-wrap">${escaped(text)}</pre></body></html>`,
    '',
  ].join('\n');

/**
 * A report as a page that mail programs show: one column, styles on the elements, no script, nothing from elsewhere. All
 * that comes from outside is escaped.
 */
export const reportHtml = (drawn: DrawnReport): string => {
  const { language, verdict, headline, when, needs, footer } = drawn;
  return `${[
    '<!doctype html>',
    `<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">`,
    `<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">`,
    `<title>${escaped(headline)}</title></head>`,
    `<body style="margin:0;padding:12px;${font};font-size:15px;line-height:1.5">`,
    '<div style="max-width:640px;margin:0 auto">',
    `<div style="background:${bands[verdict]};color:#ffffff;border-radius:8px;padding:16px 20px">`,
    `<p style="margin:0;font-size:20px;font-weight:bold;color:#ffffff">${escaped(headline)}</p>`,
    `<p style="margin:6px 0 0;font-size:14px;color:#ffffff">${escaped(when)}</p></div>`,
    needs.length === 0 ? '' : title(drawn.needsTitle) + needs.map(need).join('\n'),
    table(drawn.jobsTitle, drawn.jobs),
    table(drawn.repositoriesTitle, drawn.repositories),
    notices(drawn.noticesTitle, drawn.notices),
    `<p style="margin:24px 0 0;font-size:12px;color:${grey}">${escaped(footer)}</p>`,
    '</div></body></html>',
  ]
    .filter((line) => line !== '')
    .join('\n')}\n`;
};
