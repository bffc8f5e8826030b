#!/usr/bin/env node
// tre-agent on the pinned Node: the built file if there is one, else agent/main.ts. Started by people and by
// its service unit. The flags and the single malloc arena keep anonymous memory a third lower: hospital
// machines run the agent beside the workloads.
import { runProgram } from './pinned-node.mjs';

runProgram({
  built: 'dist/tre-agent/tre-agent.mjs',
  source: 'agent/main.ts',
  nodeFlags: ['--optimize-for-size', '--max-semi-space-size=1', '--v8-pool-size=1'],
  env: { MALLOC_ARENA_MAX: '1' },
});
