import { startCourier } from './courier.ts';
import { imapServerSuite } from './imap-server.suite.ts';

imapServerSuite({
  name: 'Courier',
  start: startCourier,
  prefix: 'INBOX.',
  delimiter: '.',
  // It ends every message in a line end.
  stored: (content) => (content.endsWith('\r\n') ? content : `${content}\r\n`),
  unrecognized: 0,
  oddNames: [
    'Entwürfe',
    '日本語',
    'a & b',
    '100%',
    'quo"ted',
    'back\\slash',
    ' space',
    '[brackets] {5}',
    "Sent (old)'s",
  ],
});
