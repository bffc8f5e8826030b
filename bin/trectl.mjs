#!/usr/bin/env node
// trectl on the pinned Node: the built file if there is one, else cli/main.ts. Started by people and by service units.
// Nothing but the choice of the file and of Node's flags belongs here.
import { runProgram } from './pinned-node.mjs';

runProgram({ built: 'dist/trectl/trectl.mjs', source: 'cli/main.ts' });
