// System tests: real processes, signals and ports, so one process per file; two files at once, for they mostly wait.
export default {
  files: ['test/system/**/*.test.ts'],
  extensions: ['ts'],
  nodeArguments: ['--disable-warning=ExperimentalWarning'],
  workerThreads: false,
  concurrency: 2,
  serial: true,
  timeout: '300s',
};
