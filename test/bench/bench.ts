// `npm run bench -- NAME [--json] [ARGS]`: runs one benchmark and prints its report; what it says while it runs goes to
// stderr. Exit 1 when a promise is broken.
import { type Bench, printReport } from './report.ts';

const benches: Readonly<Record<string, () => Promise<{ readonly bench: Bench }>>> = {
  'first-apply': () => import('./first-apply.ts'),
  idle: () => import('./idle.ts'),
};

const words = process.argv.slice(2);
const [name = '', ...args] = words.filter((word) => word !== '--json');
const load = Object.hasOwn(benches, name) ? benches[name] : undefined;
if (load === undefined) {
  const isAsked = name === '--help';
  const text = `usage: npm run bench -- NAME [--json]\nNAME is one of: ${Object.keys(benches).join(', ')}`;
  console[isAsked ? 'log' : 'error'](text);
  process.exitCode = isAsked ? 0 : 2;
} else {
  const { bench } = await load();
  const report = await bench(args, (text) => console.error(text));
  printReport(report, { json: words.includes('--json') });
  if (report.figures.some(({ ok }) => !ok)) process.exitCode = 1;
}
