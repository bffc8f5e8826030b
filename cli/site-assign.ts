// `trectl site assign`: what a site shall run. Values set before stay unless the command says otherwise, so that an
// update does not silently fall back to defaults; the server checks every value against the release.

import { type Command, InvalidArgumentError } from 'commander';
import { TreError } from '../proto/errors.ts';
import type { ParameterValue } from '../proto/parameter.ts';
import type { DesiredAnswer, ReleaseDetailAnswer, SiteDetailAnswer } from './answers.ts';
import { type CommandContext, group } from './context.ts';
import { factLines, type OutputFormat, outputOption, printFacts } from './output.ts';
import { connect } from './server.ts';
import { sayHowToWait } from './site-wait.ts';
import { whyOption } from './why.ts';

type Setting = readonly [name: string, value: string];

interface AssignOptions {
  readonly set?: readonly Setting[];
  readonly unset?: readonly string[];
  readonly why?: string;
  readonly output: OutputFormat;
}

export function registerSiteAssign(program: Command, context: CommandContext): void {
  group(program, 'site', 'sites and what they run')
    .command('assign')
    .argument('<site>', 'name or id')
    .argument('<release>', 'name@version')
    .description('assign a release to a site; values set before stay')
    .option('--set <name=value>', 'value of a parameter; may be repeated', addSetting)
    .option('--unset <name>', 'back to the default of the release; may be repeated', addName)
    .addOption(whyOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ trectl site assign leeds small-tre@1.1.0 --set portalReplicas=2 --why "monthly update"',
    )
    .action((site: string, release: string, options: AssignOptions) =>
      assign(context, { site, release }, options),
    );
}

async function assign(
  context: CommandContext,
  target: { site: string; release: string },
  options: AssignOptions,
): Promise<void> {
  using client = await connect(context);
  const path = `/v1/sites/${encodeURIComponent(target.site)}`;
  const { name, desired: before } = await client.call<SiteDetailAnswer>('GET', path);
  const release = await client.call<ReleaseDetailAnswer>(
    'GET',
    `/v1/releases/${encodeURIComponent(target.release)}`,
  );
  const { set = [], unset = [], output, why } = options;
  const kept = Object.entries(before?.parameters ?? {}).filter(([parameter]) => !unset.includes(parameter));
  const given = set.map(([parameter, text]) => [parameter, valueOf(release, parameter, text)] as const);
  const parameters = Object.fromEntries([...kept, ...given]);
  const body = { release: release.digest, parameters, why };
  const desired = await client.call<DesiredAnswer>('PUT', `${path}/desired`, body);
  const text = factLines([
    ['site', name],
    ['release', `${desired.release.name}@${desired.release.version}`],
    ['generation', String(desired.generation)],
    [
      'parameters',
      Object.entries(desired.parameters)
        .map(([parameter, value]) => `${parameter}=${String(value)}`)
        .join(', '),
    ],
  ]);
  printFacts(context, output, { data: desired, text: () => text });
  sayHowToWait(context, output, name);
}

/** A typed text as the release declares it; what does not fit is sent as text and refused with the reason. */
function valueOf({ parameters }: ReleaseDetailAnswer, name: string, text: string): ParameterValue {
  const declared = parameters.find((parameter) => parameter.name === name);
  if (declared === undefined)
    throw new TreError('PARAMETER_UNKNOWN', `The release has no parameter ${name}.`);
  if (declared.type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  if (declared.type === 'integer' && /^-?\d{1,15}$/.test(text)) return Number(text);
  return text;
}

function addSetting(text: string, before: readonly Setting[] = []): readonly Setting[] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be name=value.');
  return [...before, [text.slice(0, at), text.slice(at + 1)]];
}

function addName(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
