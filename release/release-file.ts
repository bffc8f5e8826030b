// release.yaml: what an author declares about a release. Parsed once into readonly types; every complaint carries
// its line. Closed: an unknown key is refused. Called by build.ts; `trectl release schema` prints it as JSON Schema.

import { join } from 'node:path';
import { z } from 'zod';
import type { Files } from '../daemon/files.ts';
import { labelForm, versionForm } from '../proto/document.ts';
import type { JsonValue } from '../proto/strict-json.ts';
import type { Problem } from './problem.ts';
import type { FieldPath } from './read/positions.ts';
import { readYaml } from './read/yaml.ts';

const label = z.string().regex(labelForm, 'must be lower-case letters, digits and hyphens, at most 63');
const text = z.string().min(1).max(1024);
const pointer = z
  .string()
  .max(1024)
  .regex(/^(\/([^~/]|~[01])*)*$/, 'must be a JSON pointer such as /spec/replicas');

const selector = {
  kind: text.describe('Kind of the object'),
  name: text.describe('Name of the object'),
  namespace: label
    .optional()
    .describe('Its namespace, the default one of its component included; any when absent'),
  group: z.string().max(253).optional().describe('Its API group, "" for the core group; any when absent'),
  component: label.optional().describe('The component that holds it; any when absent'),
};
const objectSelector = z.strictObject(selector);

const component = z.strictObject({
  name: label,
  path: text.describe('File or folder of YAML or JSON, relative to release.yaml; ".." is allowed'),
  namespace: label.optional().describe('Namespace of objects that name none'),
});

const places = z
  .array(z.strictObject({ ...selector, pointer: pointer.describe('An existing field of the object') }))
  .min(1)
  .max(1000);
const parameterName = z
  .string()
  .max(63)
  .regex(/^[A-Za-z][A-Za-z0-9_.-]*$/, 'must start with a letter');
const declared = {
  name: parameterName,
  required: z.literal(true).optional().describe('Every site must give a value; stands instead of a default'),
  places,
};
const parameter = z.discriminatedUnion('type', [
  z.strictObject({
    ...declared,
    type: z.literal('string'),
    default: z.string().optional(),
    pattern: z
      .string()
      .max(1024)
      .optional()
      .describe('Regular expression (Unicode) that the whole text must match'),
    maxLength: z.int().min(0).max(4096).optional(),
  }),
  z.strictObject({
    ...declared,
    type: z.literal('integer'),
    default: z.int().optional(),
    minimum: z.int().optional(),
    maximum: z.int().optional(),
  }),
  z.strictObject({ ...declared, type: z.literal('boolean'), default: z.boolean().optional() }),
  z.strictObject({
    ...declared,
    type: z.literal('enum'),
    default: z.string().optional(),
    values: z.array(z.string().max(256)).min(1).max(256),
  }),
  z.strictObject({ ...declared, type: z.literal('cidr'), default: z.string().optional() }),
]);

const operation = z.strictObject({
  op: z.enum(['add', 'remove', 'replace', 'move', 'copy', 'test']),
  path: pointer,
  from: pointer.optional(),
  value: z.unknown().optional(),
});
const patch = z.strictObject({
  name: label,
  target: objectSelector.extend({ name: text.optional().describe('Name of the object; any when absent') }),
  operations: z.array(operation).min(1).max(1000).describe('RFC 6902'),
  why: text.describe('Why the source is not right as it is'),
});

const pruneAllowance = z.strictObject({
  group: z.string().max(253),
  kind: text,
  namespace: label.optional(),
  name: text.optional(),
});
const healthRule = z
  .strictObject({
    group: z.string().max(253),
    kind: text,
    means: z.enum(['current', 'failed']),
    pointer,
    operator: z.enum(['equals', 'not-equals', 'exists']),
    value: z.union([z.string(), z.int(), z.boolean()]).optional(),
  })
  .refine((rule) => (rule.value === undefined) === (rule.operator === 'exists'), {
    path: ['value'],
    message: 'must stand there for equals and not-equals, and not for exists',
  });

/** The schema of release.yaml. */
export const releaseFileSchema = z.strictObject({
  name: label.describe('Name of the release; name@version never changes its content'),
  version: z
    .string()
    .regex(versionForm, 'must look like 1.0.0 or 2026-04-15')
    .describe('In quotes when it is a number'),
  kubernetes: z
    .array(z.string().regex(/^1\.\d{1,3}$/, 'must be a minor in quotes, such as "1.36"'))
    .min(1)
    .max(10)
    .describe('Kubernetes minors to validate against'),
  components: z.array(component).min(1).max(1000),
  parameters: z.array(parameter).max(1000).default([]).describe('The only ways in which a site may differ'),
  patches: z.array(patch).max(1000).default([]).describe('Corrections of objects that come from elsewhere'),
  prune: z.array(pruneAllowance).max(1000).default([]).describe('Kept kinds whose objects may be deleted'),
  health: z.array(healthRule).max(1000).default([]).describe('When custom kinds count as current or failed'),
});

export type DeclaredRelease = z.infer<typeof releaseFileSchema>;
export type DeclaredParameter = DeclaredRelease['parameters'][number];
export type DeclaredPatch = DeclaredRelease['patches'][number];
/** Names objects of a release. Absent fields match anything. */
export interface ObjectSelector {
  readonly kind: string;
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
  readonly group?: string | undefined;
  readonly component?: string | undefined;
}

/** release.yaml as data, and the line of each of its fields. */
export interface ReleaseFile {
  readonly path: string;
  readonly declared: DeclaredRelease;
  lineOf(path: FieldPath): number;
}

export type ReleaseFileResult =
  | { readonly ok: true; readonly file: ReleaseFile }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const maxReleaseFileBytes = 4 * 2 ** 20;

/** Reads `folder`/release.yaml. */
export async function readReleaseFile(files: Files, folder: string): Promise<ReleaseFileResult> {
  const path = join(folder, 'release.yaml');
  const bytes = await files.read(path, maxReleaseFileBytes);
  if (bytes === undefined) {
    return {
      ok: false,
      problems: [{ code: 'RELEASE_FILE_MISSING', file: path, line: 1, detail: 'there is no such file' }],
    };
  }
  return parseReleaseFile(Buffer.from(bytes).toString('utf8'), path);
}

/** The text of a release.yaml; `path` names it in problems. */
export function parseReleaseFile(source: string, path: string): ReleaseFileResult {
  const read = readYaml(source, path);
  if (!read.ok) return { ok: false, problems: [{ ...read.problem, code: 'RELEASE_FILE_INVALID' }] };
  const [document, ...more] = read.documents;
  const invalid = (line: number, detail: string): Problem => ({
    code: 'RELEASE_FILE_INVALID',
    file: path,
    line,
    detail,
  });
  if (document === undefined) return { ok: false, problems: [invalid(1, 'the file is empty')] };
  if (more[0] !== undefined)
    return { ok: false, problems: [invalid(more[0].line, 'there must be one document only')] };
  const lineOf = (at: FieldPath): number => read.positions.lineOf(document.value, at, document.line);
  const parsed = releaseFileSchema.safeParse(document.value);
  if (parsed.success) return { ok: true, file: { path, declared: parsed.data, lineOf } };
  return {
    ok: false,
    problems: parsed.error.issues.flatMap((issue) =>
      describeIssue(issue).map(({ at, detail }) => invalid(lineOf(at), detail)),
    ),
  };
}

/** JSON Schema (draft 2020-12) of release.yaml, for editors. */
export function releaseFileJsonSchema(): JsonValue {
  return z.toJSONSchema(releaseFileSchema, { io: 'input' }) as JsonValue;
}

function describeIssue(issue: z.core.$ZodIssue): { at: FieldPath; detail: string }[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  const name = path.length === 0 ? 'release.yaml' : path.join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ at: [...path, key], detail: `${name} has no field ${key}` }));
  }
  return [{ at: path, detail: `${name}: ${wordsOf(issue)}` }];
}

function wordsOf({ message }: z.core.$ZodIssue): string {
  const words = message
    .replace(/^Invalid input: /, '')
    .replace(/^Invalid (discriminator value|option)[.:] [Ee]xpected( one of)?/, 'expected');
  // YAML reads 1.36 as a number and yes as true.
  return /^expected string, received (number|boolean)$/.test(words) ? `${words}: put it in quotes` : words;
}
