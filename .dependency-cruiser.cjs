/** The floors of the house, top to bottom: a room may import its own floor's rooms only where named, and any lower floor. */
const floors = [
  ['cli', 'server', 'web'],
  ['jobs'],
  ['study', 'report'],
  ['fitting'],
  ['training', 'evaluation', 'results'],
  ['inference'],
  ['model'],
  ['ood', 'calibration', 'metrics'],
  ['cases'],
  ['preprocessing', 'transforms'],
  ['networks'],
  ['datasets'],
  ['formats'],
  ['graph', 'runtime', 'volume'],
  ['files', 'math'],
];
const under = (rooms) => `^src/(${rooms.join('|')})/`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-loops', severity: 'error', from: {}, to: { circular: true } },
    ...floors.slice(1).map((rooms, i) => ({
      name: `${rooms.join('-')}-imports-only-down`,
      severity: 'error',
      from: { path: under(rooms) },
      to: { path: under(floors.slice(0, i + 1).flat()) },
    })),
    {
      name: 'node-built-ins-only-in-node-files',
      comment: 'Files that import node: end in .node.ts, so that the rest runs in a browser.',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.node\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'browser-safe-files-import-no-node-file',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.node\\.ts$' },
      to: { path: '\\.node\\.ts$' },
    },
    {
      name: 'node-packages-only-in-node-files',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.node\\.ts$' },
      to: { path: 'node_modules/(onnxruntime-node|cli-progress|commander)/' },
    },
    {
      name: 'engine-through-one-file',
      comment:
        'src/runtime/engine.node.ts keeps ONNX Runtime from reporting its use; whatever else loads it would not.',
      severity: 'error',
      from: { pathNot: '^src/runtime/engine\\.node\\.ts$' },
      to: { path: '(^|/)onnxruntime-(node|web|common)(/|$)' },
    },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, path: '^src/' }, to: {} },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Benchmarks run the compiled files, which are judged as sources.
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
