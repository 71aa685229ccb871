import { test } from 'node:test';
import { fillCaptures } from '../life/full-captures.ts';
import { killCaptures } from '../life/killed-captures.ts';

test('S5 A12: a capture, killed at four moments: the next run completes, nothing is lost or doubled', (t) =>
  killCaptures(t, 'direct', 4));

test('B6 A12: a capture onto a disk that runs full at two places: nothing is harmed, and it goes on', (t) =>
  fillCaptures(t, 'direct', 2));
