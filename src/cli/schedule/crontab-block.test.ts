import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFault } from '../../model/fault.ts';
import { parseCron } from '../../model/schedule.ts';
import { crontabBlock, findBlock, withBlock, withoutBlock } from './crontab-block.ts';

const nightly = parseCron('0 3 * * *');
assert.ok(nightly !== undefined);
const wish = {
  name: 'mailkeep',
  file: '/etc/mailkeep/mailkeep.yaml',
  command: ['/usr/bin/node', "/opt/it's 100%/mailkeep.js", 'run'],
  environment: { XDG_STATE_HOME: '/srv/state' },
  rules: [nightly],
};
const block = crontabBlock(wish);
const others = '# mine\nMAILTO=me\n\n5 4 * * * echo "50\\%"\n';

test('B14: a command in a crontab is quoted for the shell, and its percent signs for cron', () => {
  assert.match(
    block,
    /^0 3 \* \* \* XDG_STATE_HOME=\/srv\/state \/usr\/bin\/node '\/opt\/it'\\''s 100\\%\/mailkeep\.js' run$/m,
  );
});

test('B14: the block comes and goes, and every other byte of the crontab stays', () => {
  for (const before of ['', others, others.trimEnd(), `${others}\u00ff\u0000\r\n`]) {
    const installed = withBlock(before, 'mailkeep', block);
    assert.equal(withBlock(installed, 'mailkeep', block), installed);
    const removed = withoutBlock(installed, 'mailkeep');
    assert.equal(removed, before === others.trimEnd() ? `${before}\n` : before);
  }
});

test('B14: a block is replaced where it stands, and one of another name is not its', () => {
  const other = crontabBlock({ ...wish, name: 'mailkeep-weekly' });
  const both = withBlock(withBlock(others, 'mailkeep', block), 'mailkeep-weekly', other);
  const changed = crontabBlock({ ...wish, environment: {} });
  assert.equal(withBlock(both, 'mailkeep', changed), others + changed + other);
  assert.equal(withoutBlock(both, 'mailkeep'), others + other);
});

test('marks that do not fit together are not guessed at', () => {
  for (const broken of [block.replace(/# END.*\n/, ''), block.replace(/# BEGIN.*\n/, ''), block + block]) {
    assert.throws(
      () => findBlock(others + broken, 'mailkeep'),
      (fault) => isFault(fault, 'configuration'),
    );
  }
});
