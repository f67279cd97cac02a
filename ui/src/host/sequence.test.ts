import { expect, test, vi } from 'vitest';
import { snapshot } from './fake-data';
import type { Event } from './generated';
import { watchSequence } from './sequence';

const event = (seq: number): Event => ({ seq, kind: 'history' });

function watch() {
  const seen: number[] = [];
  const heal = vi.fn();
  const told = watchSequence(
    { onSnapshot: (one) => seen.push(-one.seq), onEvent: (one) => seen.push(one.seq) },
    heal,
  );
  return { seen, heal, told };
}

test('passes on what follows without a gap and drops what is old', () => {
  const { seen, heal, told } = watch();
  told.onEvent(event(1));
  told.onSnapshot(snapshot({ seq: 4 }));
  [3, 4, 5, 5, 6].forEach((seq) => told.onEvent(event(seq)));
  expect(seen).toEqual([-4, 5, 6]);
  expect(heal).not.toHaveBeenCalled();
});

test('asks once for a snapshot when a number is missing, and again for the next gap', () => {
  const { heal, told } = watch();
  told.onSnapshot(snapshot({ seq: 1 }));
  told.onEvent(event(3));
  told.onEvent(event(5));
  expect(heal).toHaveBeenCalledTimes(1);
  told.onSnapshot(snapshot({ seq: 5 }));
  told.onEvent(event(6));
  expect(heal).toHaveBeenCalledTimes(1);
  told.onEvent(event(8));
  expect(heal).toHaveBeenCalledTimes(2);
});
