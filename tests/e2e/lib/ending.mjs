// node:test runs `t.after` hooks first registered first; what was set up last must be taken down first.
const stacks = new WeakMap();

/** Calls `undo` when `t` (a node:test context) ends, after everything registered later. */
export function atEnd(t, undo) {
  if (!stacks.has(t)) {
    stacks.set(t, []);
    t.after(async () => {
      for (const undo of stacks.get(t).reverse()) await undo();
    });
  }
  stacks.get(t).push(undo);
}
