/** What a server counts of itself, in Prometheus's text format. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface ServerMetrics {
  readonly registry: Registry;
  request(route: string, status: number, seconds: number, requestId?: string): void;
  predictions(version: string, given: readonly { readonly class: string }[]): void;
  /** The version that answers with its share, for gauges. */
  lineup(weights: readonly (readonly [version: string, percent: number])[]): void;
}

/** Half a millisecond to a quarter of a minute. */
const BUCKETS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 15];

export function serverMetrics(): ServerMetrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'clockwork_requests_total',
    help: 'Requests answered, by route and status.',
    labelNames: ['route', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: 'clockwork_request_duration_seconds',
    help: 'Time from the request to its answer.',
    labelNames: ['route'],
    buckets: BUCKETS,
    registers,
  });
  const predictions = new Counter({
    name: 'clockwork_predictions_total',
    help: 'Rows predicted, by model version and class given.',
    labelNames: ['version', 'class'],
    registers,
  });
  const share = new Gauge({
    name: 'clockwork_traffic_percent',
    help: 'Share of the requests by model version, in percent.',
    labelNames: ['version'],
    aggregator: 'max',
    registers,
  });
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of the server.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  // Children are looked up once: naming labels anew for each request costs more than the counting.
  const counters = new Map<string, { inc(): void; observe(seconds: number): void }>();
  const classes = new Map<string, Counter.Internal>();
  return {
    registry,
    request(route, status, seconds) {
      const key = `${status}${route}`;
      let counter = counters.get(key);
      if (counter === undefined) {
        const count = requests.labels(route, String(status));
        const times = duration.labels(route);
        counter = { inc: () => count.inc(), observe: (s) => times.observe(s) };
        counters.set(key, counter);
      }
      counter.inc();
      counter.observe(seconds);
    },
    predictions(version, given) {
      for (const { class: label } of given) {
        const key = `${version} ${label}`;
        let counter = classes.get(key);
        if (counter === undefined) {
          counter = predictions.labels(version, label);
          classes.set(key, counter);
        }
        counter.inc();
      }
    },
    lineup(weights) {
      share.reset();
      for (const [version, percent] of weights) share.set({ version }, percent);
    },
  };
}

/** A figure that a chapter adds, as it is now. */
export interface Figure {
  readonly name: string;
  readonly help: string;
  /** A total only ever grows. */
  readonly isTotal?: true;
  readonly samples: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number;
  }[];
}

export async function figuresText(figures: readonly Figure[]): Promise<string> {
  const registers = [new Registry()];
  for (const { name, help, isTotal, samples } of figures) {
    const labelNames = [...new Set(samples.flatMap(({ labels }) => Object.keys(labels)))];
    const about = { name, help, labelNames, registers };
    const counter = isTotal ? new Counter(about) : undefined;
    const gauge = isTotal ? undefined : new Gauge(about);
    for (const { labels, value } of samples) {
      counter?.inc(labels, value);
      gauge?.set(labels, value);
    }
  }
  return registers[0]!.metrics();
}
