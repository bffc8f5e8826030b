// Trials: like the system tests, but each needs minutes: a real node, dozens of faults, thousands of messages.
// `npm run trials` runs them; two files at once, for they mostly wait.
export default {
  files: ['test/trials/**/*.test.ts'],
  extensions: ['ts'],
  nodeArguments: ['--disable-warning=ExperimentalWarning'],
  workerThreads: false,
  concurrency: 2,
  timeout: '600s',
};
