#!/usr/bin/env node
// tre-control-plane on the pinned Node: the built file if there is one, else control-plane/main.ts. Started by people and
// by service units. Nothing but the choice of the file and of Node's flags belongs here.
import { runProgram } from './pinned-node.mjs';

runProgram({ built: 'dist/tre-control-plane/tre-control-plane.mjs', source: 'control-plane/main.ts' });
