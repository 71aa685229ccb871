import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IdList } from './id-list.ts';

const id = (number: number): Uint8Array => new Uint8Array(32).fill(number);

test('ids stay in their order through appending and truncating, however many', () => {
  const step = fc.oneof(
    fc.record({ push: fc.array(fc.nat(255), { maxLength: 90 }) }),
    fc.record({ append: fc.array(fc.nat(255), { maxLength: 90 }) }),
    fc.record({ keep: fc.nat(1000) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const list = new IdList();
      let model: number[] = [];
      for (const each of steps) {
        if ('push' in each) {
          for (const number of each.push) list.push(id(number));
          model.push(...each.push);
        } else if ('append' in each) {
          const other = new IdList();
          for (const number of each.append) other.push(id(number));
          list.append(other);
          model.push(...each.append);
        } else {
          const count = Math.min(each.keep, model.length);
          list.truncate(count);
          model = model.slice(0, count);
        }
        assert.equal(list.count, model.length);
      }
      const bytes = list.toBytes();
      assert.deepEqual(Buffer.from(bytes), Buffer.concat(model.map(id)));
      list.push(id(1));
      assert.equal(bytes.length, model.length * 32, 'what was taken is a copy');
    }),
  );
});
