import { largestMessage, startCyrus } from './cyrus.ts';
import { imapServerSuite } from './imap-server.suite.ts';

imapServerSuite({
  name: 'Cyrus',
  start: startCyrus,
  prefix: '',
  delimiter: '/',
  // In headers it changes what is not ASCII.
  stored: (content) => {
    const [header = '', ...body] = content.split('\r\n\r\n');
    return [header.replace(/[\x80-\xff]/g, 'X'), ...body].join('\r\n\r\n');
  },
  unrecognized: 1,
  largestMessage,
  oddNames: ['Entwürfe', '日本語', 'a & b', 'v1.2', '#hash', "Sent (old)'s"],
});
