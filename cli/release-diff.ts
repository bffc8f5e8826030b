// `trectl release diff`: what changes from one built release to another, object by object and field by field.
// Values of Secrets are never printed.

import type { Command } from 'commander';
import { type ReleaseObject, releaseName } from '../proto/document.ts';
import type { JsonValue } from '../proto/strict-json.ts';
import { objectLimits, readJson } from '../proto/strict-json.ts';
import { type DiffSide, diffReleases, type FieldChange, type ReleaseDiff } from '../release/diff.ts';
import { blobPath, findDamage, type Pack, readPack } from '../release/pack.ts';
import { type CommandContext, group } from './context.ts';
import { refuse } from './failure.ts';
import { type OutputFormat, outputOption, printFacts } from './output.ts';

const maxValueLength = 60;

export function registerReleaseDiff(program: Command, context: CommandContext): void {
  group(program, 'release', 'build, sign and compare releases')
    .command('diff')
    .argument('<before>', 'folder of a built release')
    .argument('<after>', 'folder of another')
    .description('show what changes from one release to another')
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ trectl release diff build/small-tre-1 build/small-tre-2')
    .action((before: string, after: string, options: { output: OutputFormat }) =>
      diff(context, [before, after], options),
    );
}

async function diff(
  context: CommandContext,
  folders: readonly [string, string],
  options: { output: OutputFormat },
): Promise<void> {
  const sides: DiffSide[] = [];
  for (const folder of folders) {
    const read = await readPack(context.files, folder);
    if (!read.ok) return refuse(context, [read.problem]);
    const damage = await findDamage(context.files, read.pack);
    if (damage.length > 0) return refuse(context, damage);
    sides.push(await readSide(context, read.pack));
  }
  const [before, after] = sides;
  if (before === undefined || after === undefined) return;
  const found = diffReleases(before, after);
  printFacts(context, options.output, {
    data: plainDiff(found),
    text: (wide) => diffText([before, after], found, wide),
  });
}

async function readSide(context: CommandContext, pack: Pack): Promise<DiffSide> {
  const objects = new Map<string, JsonValue>();
  for (const { digest } of pack.release.objects) {
    const bytes = await context.files.read(blobPath(pack.folder, digest));
    if (bytes !== undefined) objects.set(digest, readJson(bytes, objectLimits));
  }
  return { release: pack.release, object: (digest) => objects.get(digest) ?? null };
}

function diffText(sides: readonly [DiffSide, DiffSide], found: ReleaseDiff, wide: boolean): string {
  const lines = [`${releaseName(sides[0].release)} -> ${releaseName(sides[1].release)}`];
  for (const object of found.added) lines.push(`+ ${nameOf(object)}`);
  for (const object of found.removed) lines.push(`- ${nameOf(object)}`);
  for (const { object, fields } of found.changed) {
    lines.push(`~ ${nameOf(object)}`);
    for (const field of fields) lines.push(`    ${fieldText(object, field, wide)}`);
  }
  for (const name of found.parameters.added) lines.push(`+ parameter ${name}`);
  for (const name of found.parameters.removed) lines.push(`- parameter ${name}`);
  for (const name of found.parameters.changed) lines.push(`~ parameter ${name}`);
  const { added, removed, changed } = found;
  lines.push(`${added.length} added, ${removed.length} removed, ${changed.length} changed`);
  return lines.join('\n');
}

function fieldText(object: ReleaseObject, field: FieldChange, wide: boolean): string {
  const show = (value: JsonValue): string => {
    if (isSecret(object)) return '(secret)';
    const text = stringify(value);
    return wide || text.length <= maxValueLength ? text : `${text.slice(0, maxValueLength)}...`;
  };
  if (field.before === undefined) return `+ ${field.pointer}: ${show(field.after ?? null)}`;
  if (field.after === undefined) return `- ${field.pointer}: ${show(field.before)}`;
  return `${field.pointer}: ${show(field.before)} -> ${show(field.after)}`;
}

function plainDiff(found: ReleaseDiff): unknown {
  return {
    added: found.added.map(plainObject),
    removed: found.removed.map(plainObject),
    changed: found.changed.map(({ object, fields }) => ({
      ...plainObject(object),
      fields: fields.map(({ pointer, before, after }) => ({
        pointer,
        ...(isSecret(object) ? {} : { before: plainValue(before), after: plainValue(after) }),
      })),
    })),
    parameters: found.parameters,
  };
}

function plainObject({
  group: apiGroup,
  version,
  kind,
  namespace,
  name,
  component,
  digest,
}: ReleaseObject): object {
  return { group: apiGroup, version, kind, namespace, name, component, digest };
}

/** Integers beyond 2^53 as text: neither JSON.stringify nor most readers could hold them. */
function plainValue(value: JsonValue | undefined): unknown {
  return value === undefined ? undefined : JSON.parse(stringify(value));
}

function stringify(value: JsonValue): string {
  return JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? item.toString() : item));
}

function nameOf(object: ReleaseObject): string {
  return `${object.kind} ${object.namespace === null ? '' : `${object.namespace}/`}${object.name}`;
}

function isSecret(object: ReleaseObject): boolean {
  return object.group === '' && object.kind === 'Secret';
}
