// The shapes of what `-o json` prints, by command: a program may rely on every field here. The types beside the commands say
// the same; a test holds real output against these. Printed by `tre-agent schema`.
import { conditions } from '../../proto/conditions.ts';
import { healthReasons } from '../../proto/health-reasons.ts';
import {
  anyOf,
  count,
  type JsonSchema,
  list,
  number,
  object,
  oneOf,
  orNull,
  text,
  time,
  truth,
} from './json-schema.ts';

const words = { text, next: text };

const measured = object({ name: text, value: number, unit: text, text, source: text });
const fact = object({ name: text, value: text, text, source: text });

const trouble = object({
  object: text,
  component: text,
  status: oneOf('in-progress', 'failed', 'terminating', 'unknown'),
  reason: oneOf(...Object.keys(healthReasons)),
  since: time,
  ...words,
  detail: text,
});

const condition = object({
  code: oneOf(...Object.keys(conditions)),
  severity: oneOf('error', 'warning', 'info'),
  count,
  since: time,
  ...words,
  objects: list(text),
});

const controlPlane = object({
  address: text,
  state: oneOf('connected', 'pending', 'unreachable', 'connecting', 'refused'),
  lastContact: orNull(time),
  certificateUntil: orNull(time),
  code: orNull(text),
  detail: orNull(text),
});

const health = object({
  state: oneOf('healthy', 'not-healthy', 'progressing', 'unknown'),
  lookedAt: orNull(time),
  isOld: truth,
  current: count,
  objects: count,
  troubles: list(trouble),
});

const component = object({
  name: text,
  applied: orNull(truth),
  healthy: orNull(truth),
  drifted: truth,
  objects: count,
});

const hold = object({ since: time, until: time, why: text });

const status = object({
  verdict: object({
    word: oneOf('GREEN', 'RED', 'ATTENTION', 'WAITING', 'READY', 'STARTING', 'WORKING', 'UNKNOWN'),
    ...words,
  }),
  isRed: truth,
  version: text,
  now: time,
  site: orNull(object({ id: text, name: text })),
  fingerprint: orNull(text),
  controlPlane,
  wanted: orNull(object({ release: text, digest: text, generation: count, epoch: count, since: time })),
  running: orNull(object({ release: text, digest: text, since: time })),
  cluster: object({
    state: oneOf('unknown', 'ready', 'away'),
    version: orNull(text),
    detail: orNull(text),
    lookedAt: orNull(time),
    isOld: truth,
  }),
  applied: truth,
  drifted: truth,
  objects: object({ wanted: count, applied: count, waiting: count }),
  components: list(component),
  health,
  isolation: orNull(
    object({
      networkPolicy: oneOf('enforced', 'not-enforced', 'unproven'),
      checkedAt: orNull(time),
      why: text,
    }),
  ),
  machine: orNull(
    object({ measuredAt: orNull(time), isOld: truth, measures: list(measured), hardware: list(fact) }),
  ),
  hold: orNull(hold),
  expires: list(object({ what: oneOf('certificate', 'hold', 'document'), at: time })),
  conditions: list(condition),
  problems: list(object({ object: text, code: text, detail: text })),
  kept: list(text),
  refusal: orNull(object({ code: text, generation: count, at: time, ...words })),
  lastChange: orNull(object({ at: time, applied: count, repaired: count, deleted: count, failed: count })),
  reportsWaiting: count,
});

const field = {
  field: text,
  value: anyOf(text, number, truth),
  class: text,
  why: text,
  knownAs: text,
};

/** Command -> what one value of its output is. Those of `--watch` and `ledger` come one per line. */
export const outputSchemas: Readonly<Record<string, JsonSchema>> = {
  status,
  'status --watch': anyOf(status, object({ error: oneOf('AGENT_NOT_RUNNING', 'AGENT_SILENT') })),
  explain: list(
    object({
      code: text,
      kind: oneOf('condition', 'error', 'health reason', 'finding of doctor'),
      weight: text,
      ...words,
      now: orNull(list(text)),
    }),
  ),
  hold,
  ledger: object({
    number: count,
    at: time,
    message: text,
    count,
    bytes: count,
    fields: list(object({ path: text, ...field }, ['knownAs'])),
  }),
  'ledger --summary': list(object({ ...field, times: count, lastAt: time }, ['knownAs'])),
};
