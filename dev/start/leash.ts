// Loaded by Node before a program that service.ts runs: ends it when whoever started it is gone, however that ended.
// Standard input is a pipe that the starter alone holds open, so it closes with the starter, also by kill -9.
import process from 'node:process';

process.stdin.once('close', () => process.kill(process.pid, 'SIGTERM'));
process.stdin.resume();
// Nobody waits for this end: a program that is done ends.
process.stdin.unref();
