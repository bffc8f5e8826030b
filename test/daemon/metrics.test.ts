// The text that a scrape gets, and that no value a stranger sends can add a series.

import test from 'ava';
import { createMetrics } from '../../daemon/metrics.ts';

test('counters, gauges and histograms in the order of their declaration', (t) => {
  const metrics = createMetrics();
  const runs = metrics.counter({ name: 'runs_total', help: 'Runs.', labels: { result: ['ok', 'failed'] } });
  const size = metrics.gauge({ name: 'queue_rows', help: 'Rows waiting.' });
  const took = metrics.histogram({ name: 'run_seconds', help: 'Time.', buckets: [0.1, 1] });
  runs.add(1, { result: 'ok' });
  runs.add(2, { result: 'ok' });
  runs.add(1, { result: 'failed' });
  size.set(7);
  size.set(5);
  for (const seconds of [0.05, 0.1, 0.5, 3]) took.observe(seconds);
  t.is(
    metrics.text(),
    `# HELP runs_total Runs.
# TYPE runs_total counter
runs_total{result="ok"} 3
runs_total{result="failed"} 1
# HELP queue_rows Rows waiting.
# TYPE queue_rows gauge
queue_rows 5
# HELP run_seconds Time.
# TYPE run_seconds histogram
run_seconds_bucket{le="0.1"} 2
run_seconds_bucket{le="1"} 3
run_seconds_bucket{le="+Inf"} 4
run_seconds_sum 3.65
run_seconds_count 4
`,
  );
});

test("a value outside of a label's list counts as other, so series stay bounded", (t) => {
  const metrics = createMetrics();
  const refused = metrics.counter({ name: 'refused_total', help: 'Refusals.', labels: { code: ['A', 'B'] } });
  for (let peer = 0; peer < 1_000; peer += 1) refused.add(1, { code: `x"\n${peer}` });
  refused.add();
  t.regex(metrics.text(), /\nrefused_total\{code="other"\} 1001\n$/);
});

test('quotes, backslashes and line ends in allowed values are escaped', (t) => {
  const metrics = createMetrics();
  metrics.gauge({ name: 'odd', help: 'Odd.', labels: { path: ['a"b\\c\nd'] } }).set(1, { path: 'a"b\\c\nd' });
  t.true(metrics.text().endsWith('\nodd{path="a\\"b\\\\c\\nd"} 1\n'));
});

test('infinite and missing numbers are written as the format wants', (t) => {
  const metrics = createMetrics();
  const gauge = metrics.gauge({ name: 'edge', help: 'Edge.', labels: { at: ['a', 'b', 'c'] } });
  gauge.set(Infinity, { at: 'a' });
  gauge.set(-Infinity, { at: 'b' });
  gauge.set(Number.NaN, { at: 'c' });
  t.deepEqual(
    metrics
      .text()
      .match(/ (\S+)$/gm)
      ?.slice(2),
    [' +Inf', ' -Inf', ' NaN'],
  );
});

test('misuse is refused: a name twice, an unknown label, a counter that falls', (t) => {
  const metrics = createMetrics();
  const counter = metrics.counter({ name: 'runs_total', help: 'Runs.' });
  t.throws(() => metrics.gauge({ name: 'runs_total', help: 'Again.' }), { instanceOf: RangeError });
  t.throws(() => metrics.gauge({ name: 'Runs', help: 'Badly named.' }), { instanceOf: RangeError });
  t.throws(() => counter.add(1, { result: 'ok' }), { instanceOf: RangeError });
  t.throws(() => counter.add(-1), { instanceOf: RangeError });
});
