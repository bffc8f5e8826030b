// Counters, gauges and histograms in the Prometheus text format, without a dependency. Invariants: a
// label's values are a closed list, so the number of series is fixed when a metric is declared; a value
// outside of it counts as `other`. Called by whatever counts; `text` by whatever answers a scrape.

export type Labels = Readonly<Record<string, string>>;

export interface MetricOptions {
  /** With its unit: `run_duration_seconds`, `runs_total`. */
  readonly name: string;
  readonly help: string;
  /** Label to its allowed values. */
  readonly labels?: Readonly<Record<string, readonly string[]>>;
}

export interface Counter {
  add(amount?: number, labels?: Labels): void;
}

export interface Gauge {
  set(value: number, labels?: Labels): void;
}

export interface Histogram {
  observe(value: number, labels?: Labels): void;
}

export interface Metrics {
  counter(options: MetricOptions): Counter;
  gauge(options: MetricOptions): Gauge;
  /** `buckets` are upper bounds, rising; the one without bound is added. */
  histogram(options: MetricOptions & { readonly buckets: readonly number[] }): Histogram;
  /** Content type `text/plain; version=0.0.4`. A series appears with its first value. */
  text(): string;
}

export function createMetrics(): Metrics {
  const metrics = new Map<string, () => string>();
  const declare = (options: MetricOptions, type: string, lines: () => readonly string[]): void => {
    const { name, help } = options;
    if (!/^[a-z][a-z0-9_]*$/.test(name) || metrics.has(name))
      throw new RangeError(`metric ${name} is badly named or declared twice`);
    metrics.set(name, () => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines()].join('\n'));
  };
  const single = (options: MetricOptions, type: string): Map<string, number> => {
    const series = new Map<string, number>();
    declare(options, type, () => [...series].map(([labels, value]) => sample(options.name, labels, value)));
    return series;
  };
  return {
    counter(options) {
      const series = single(options, 'counter');
      return {
        add(amount = 1, labels = {}) {
          if (!(amount >= 0)) throw new RangeError(`counter ${options.name} can only rise`);
          const key = labelText(options, labels);
          series.set(key, (series.get(key) ?? 0) + amount);
        },
      };
    },
    gauge(options) {
      const series = single(options, 'gauge');
      return { set: (value, labels = {}) => void series.set(labelText(options, labels), value) };
    },
    histogram(options) {
      const series = new Map<string, Distribution>();
      declare(options, 'histogram', () =>
        [...series].flatMap(([labels, values]) => distributionLines(options, labels, values)),
      );
      return {
        observe(value, labels = {}) {
          const key = labelText(options, labels);
          const known = series.get(key) ?? { counts: options.buckets.map(() => 0), count: 0, sum: 0 };
          const bucket = options.buckets.findIndex((bound) => value <= bound);
          if (bucket >= 0) known.counts[bucket] = (known.counts[bucket] ?? 0) + 1;
          series.set(key, { ...known, count: known.count + 1, sum: known.sum + value });
        },
      };
    },
    text: () => [...metrics.values()].map((render) => `${render()}\n`).join(''),
  };
}

interface Distribution {
  /** Per bucket, not yet added up. */
  readonly counts: number[];
  readonly count: number;
  readonly sum: number;
}

function distributionLines(
  options: MetricOptions & { readonly buckets: readonly number[] },
  labels: string,
  values: Distribution,
): readonly string[] {
  const { name, buckets } = options;
  const withBound = (bound: string): string =>
    [labels, `le="${bound}"`].filter((part) => part !== '').join(',');
  let total = 0;
  const lines = buckets.map((bound, index) => {
    total += values.counts[index] ?? 0;
    return sample(`${name}_bucket`, withBound(String(bound)), total);
  });
  return [
    ...lines,
    sample(`${name}_bucket`, withBound('+Inf'), values.count),
    sample(`${name}_sum`, labels, values.sum),
    sample(`${name}_count`, labels, values.count),
  ];
}

function labelText({ name, labels: allowed = {} }: MetricOptions, labels: Labels): string {
  const unknown = Object.keys(labels).find((label) => !Object.hasOwn(allowed, label));
  if (unknown !== undefined) throw new RangeError(`metric ${name} has no label ${unknown}`);
  const parts = Object.entries(allowed).map(([label, values]) => {
    const value = labels[label] ?? '';
    return `${label}="${escaped(values.includes(value) ? value : 'other')}"`;
  });
  return parts.join(',');
}

function sample(name: string, labels: string, value: number): string {
  const text = Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'NaN';
  return `${name}${labels === '' ? '' : `{${labels}}`} ${text}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
