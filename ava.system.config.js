// System tests: real processes, signals and ports, so one process per file; four files at once, for they mostly
// wait. Tests within a file are declared serial one by one: `serial: true` here would mean one file at a time.

// The longest begin first, so that none of them is left over at the end with nothing beside it.
const longest = ['start', 'chain-k8tre', 'kubernetes', 'kill-points', 'enrolment', 'chain-example'];
/** @param {string} file */
const rank = (file) => {
  const at = longest.findIndex((name) => file.endsWith(`/${name}.test.ts`));
  return at === -1 ? longest.length : at;
};

/** @param {string} a @param {string} b */
const byLength = (a, b) => rank(a) - rank(b) || a.localeCompare(b);

export default {
  files: ['test/system/**/*.test.ts'],
  extensions: ['ts'],
  nodeArguments: ['--disable-warning=ExperimentalWarning'],
  workerThreads: false,
  concurrency: 4,
  sortTestFiles: byLength,
  timeout: '300s',
};
