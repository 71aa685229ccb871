import type { BrowsedFolder, BrowsedNode } from '../../contract/browse.ts';
import type { Run } from '../../contract/run.ts';
import { displayText } from '../../model/byte-string.ts';
import { escapeXml } from './multistatus.ts';
import { encodeName } from './request-path.ts';

const line = (node: BrowsedNode): string => {
  const mark = node.kind === 'folder' ? '/' : '';
  return `<li><a href="./${encodeName(node.name)}${mark}">${escapeXml(displayText(node.name))}${mark}</a></li>\n`;
};

/** A folder as a plain page for a web browser. */
export async function* folderPage(folder: BrowsedFolder, run: Run): AsyncGenerator<string> {
  const title = folder.name === '' ? 'Mailkeep' : escapeXml(displayText(folder.name));
  const above = folder.name === '' ? '' : '<li><a href="../">..</a></li>\n';
  // Held back until there is more to say: what cannot be read must not look like an empty folder.
  let text = `<!doctype html>\n<html><head><meta charset="utf-8"><title>${title}</title></head>\n<body><h1>${title}</h1><ul>\n${above}`;
  for await (const page of folder.children(run)) {
    yield text + page.map(line).join('');
    text = '';
  }
  yield `${text}</ul></body></html>\n`;
}
