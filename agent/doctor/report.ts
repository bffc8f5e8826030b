// What an examination found, as one plain value for the screen and for programs (`tre-agent doctor -o json`), and its
// schema. It never leaves this machine: so it may name files, addresses and nodes. Made by examine.ts.
import { z } from 'zod';
import { hopNames } from './hop.ts';

const findingSchema = z.strictObject({
  code: z.string().describe('from a closed list; see the runbook of the doctor'),
  severity: z.enum(['error', 'warning', 'info']).describe('only an error breaks its hop'),
  text: z.string().min(1),
  next: z.string().min(1).describe('what to do'),
  detail: z.string().describe('the facts of the case'),
  firewall: z.string().nullable().describe('what to ask of the people who run the firewall, word for word'),
});

export const reportSchema = z.strictObject({
  version: z.string().describe('of tre-agent'),
  at: z.iso.datetime(),
  ok: z.boolean().describe('nothing is broken'),
  firstBroken: z.enum(hopNames).nullable().describe('the hop to begin with'),
  hops: z
    .array(
      z.strictObject({
        name: z.enum(hopNames),
        state: z.enum(['ok', 'not ok', 'not tried']),
        facts: z.string().describe('what was seen, or what it waits for'),
        tookMs: z.number().int().min(0),
        findings: z.array(findingSchema),
      }),
    )
    .describe('in the order of the way: this machine, the control plane, the cluster, the agent'),
});

/** For `tre-agent schema doctor`. */
export function reportJsonSchema(): Readonly<Record<string, unknown>> {
  // Only what is named is promised; more may come at any time.
  return z.toJSONSchema(reportSchema, {
    override: ({ jsonSchema }) => {
      delete jsonSchema.additionalProperties;
    },
  });
}

export type Report = Readonly<z.infer<typeof reportSchema>>;
export type HopReport = Report['hops'][number];
