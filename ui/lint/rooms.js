// The walls between the rooms of `src`, as an ESLint rule: it resolves every import and compares the two rooms
// with the table below. README.md draws the same table.
import path from 'node:path';

/** Which rooms each room may import, besides itself. `features/*` never import each other. */
const MAY_IMPORT = {
  host: [],
  shared: [],
  state: ['host', 'shared'],
  features: ['host', 'state', 'shared'],
  // The player is also used by the public watch page, so it may not know the console at all.
  'features/player': ['shared'],
  watch: ['shared', 'features/player'],
  app: ['host', 'state', 'shared', 'features'],
  root: ['host', 'app', 'shared'],
};

/**
 * The room of a file below `src`: its first folder; features have a room each; loose files are `root`.
 * @param {string} src
 * @param {string} file
 * @returns {string | null}
 */
function roomOf(src, file) {
  const below = path.relative(src, file).split(path.sep);
  if (below[0] === '..' || below[0] === undefined) return null;
  if (below.length === 1) return 'root';
  return below[0] === 'features' && below.length > 2 ? `features/${below[1]}` : below[0];
}

/**
 * @param {string} from
 * @param {string} to
 */
function allowed(from, to) {
  if (from === to) return true;
  const table = /** @type {Record<string, string[]>} */ (MAY_IMPORT);
  const list = table[from] ?? (from.startsWith('features/') ? table.features : undefined) ?? [];
  return list.includes(to) || (to.startsWith('features/') && list.includes('features'));
}

/** @type {import('eslint').Rule.RuleModule} */
export const rooms = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      wall: '`{{from}}` may not import from `{{to}}` (ui/lint/rooms.js says who may import whom).',
    },
  },
  create(context) {
    const src = path.join(context.cwd, 'src');
    const from = roomOf(src, context.filename);
    if (from === null) return {};

    /** @param {import('estree').Node | null | undefined} source */
    const look = (source) => {
      if (source?.type !== 'Literal' || typeof source.value !== 'string') return;
      const target = source.value.startsWith('/src/')
        ? path.join(context.cwd, source.value)
        : source.value.startsWith('.')
          ? path.resolve(path.dirname(context.filename), source.value)
          : null;
      if (target === null) return;
      const to = roomOf(src, target);
      if (to !== null && !allowed(from, to)) {
        context.report({ node: source, messageId: 'wall', data: { from, to } });
      }
    };

    return {
      ImportDeclaration: (node) => look(node.source),
      ExportNamedDeclaration: (node) => look(node.source),
      ExportAllDeclaration: (node) => look(node.source),
      ImportExpression: (node) => look(node.source),
    };
  },
};
