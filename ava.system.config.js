// System tests: real processes, signals and ports, so one process per file and one file at a time.
export default {
  files: ['test/system/**/*.test.ts'],
  extensions: ['ts'],
  nodeArguments: ['--disable-warning=ExperimentalWarning'],
  workerThreads: false,
  concurrency: 1,
  serial: true,
  timeout: '300s',
};
