// What the measurements share with the tests ends with a node:test context; this stands in for one.

/** Runs `work` with something that ends what was started under it, and prints what it returns as one line of JSON. */
export async function measured(work) {
  const undone = [];
  const scope = { after: (undo) => undone.unshift(undo), diagnostic: (text) => console.error(text) };
  try {
    console.log(JSON.stringify(await work(scope)));
  } finally {
    for (const undo of undone) await undo();
  }
}
