// System tests: real processes, signals and ports, so one process per file; three files at once, for they mostly
// wait. Tests within a file are declared serial one by one: `serial: true` here would mean one file at a time.
export default {
  files: ['test/system/**/*.test.ts'],
  extensions: ['ts'],
  nodeArguments: ['--disable-warning=ExperimentalWarning'],
  workerThreads: false,
  concurrency: 3,
  timeout: '300s',
};
