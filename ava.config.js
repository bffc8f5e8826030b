// Fast tests: pure cores and single rooms, in worker threads. System tests have their own configuration.
export default {
  files: ['test/**/*.test.ts', '!test/system/**', '!test/trials/**', '!test/bench/**'],
  extensions: ['ts'],
  nodeArguments: ['--disable-warning=ExperimentalWarning'],
  // Many of them mostly wait: for timeouts, for processes, for a server that says nothing.
  concurrency: 4,
  timeout: '60s',
};
