// Planner stories as readable text: what is wanted, what happens, and what the planner does about it, round by round.
// One command per line; indented lines belong to the command above. test/scenarios/README.md lists the commands.
import { plan } from '../../agent/plan/plan.ts';
import { simulate } from '../../agent/plan/simulate.ts';
import type { Plan, Step } from '../../agent/plan/step.ts';
import type { Observed, Wanted, WantedObject } from '../../agent/plan/world.ts';
import type { PruneAllowance } from '../../proto/document.ts';
import type { ErrorCode } from '../../proto/errors.ts';
import { emptyWorld, liveOf, thing, wanted } from './planner-world.ts';

const roundMs = 1_000;
const maxRounds = 50;

/** Runs the story and returns it with what happened after each command. */
export function tell(story: string): string {
  const teller = new Teller();
  const blocks = story.split(/\n(?=\S)/);
  return blocks
    .map((block) => [block.trimEnd(), ...teller.carryOut(block.trimEnd())].join('\n'))
    .join('\n')
    .concat('\n');
}

class Teller {
  #observed: Observed = emptyWorld();
  #wanted: Wanted | null = null;
  #cut = false;

  carryOut(block: string): string[] {
    const [head = '', ...body] = block.split('\n').map((line) => line.trim());
    const [command = '', ...words] = head.split(' ');
    const rest = words.join(' ');
    switch (command) {
      case '':
      case '#':
        return [];
      case 'want':
        this.#want(body);
        return [];
      case 'run':
        return this.#run();
      case 'wait':
        this.#observed = {
          ...this.#observed,
          now: this.#observed.now + Number(words[0]?.replace('s', '')) * 1000,
        };
        return [];
      case 'kill':
        this.#cut = true;
        return [];
      default:
        this.#happen(command, rest);
        return [];
    }
  }

  #want(lines: readonly string[]): void {
    const allowances = lines
      .filter((line) => line.startsWith('allow '))
      .map((line) => allowanceOf(line.slice('allow '.length)));
    const objects = lines.filter((line) => !line.startsWith('allow ')).map(objectOf);
    const next = wanted(objects, allowances);
    this.#wanted = next;
  }

  /** What other people and the cluster do. */
  #happen(command: string, rest: string): void {
    const { live, served } = this.#observed;
    const object = objectOf(rest);
    const now = live.get(object.id);
    const set = (facts: Parameters<typeof liveOf>[1] | null): void => {
      const next = new Map(live);
      if (facts === null) next.delete(object.id);
      else next.set(object.id, liveOf(object, { ...now, ...facts }));
      this.#observed = { ...this.#observed, live: next };
    };
    switch (command) {
      case 'delete':
        set(null);
        break;
      case 'edit':
        set({ ownHash: 'edited' });
        break;
      case 'finalize':
        set({ deleting: true });
        break;
      case 'stranger':
        set({ uid: 'theirs', ownHash: null, createdByUs: false });
        break;
      case 'refuse':
        this.#fail(object, 'OBJECT_REFUSED');
        break;
      case 'unserve':
        this.#observed = {
          ...this.#observed,
          served: new Map([...served].filter(([kind]) => !kind.endsWith(`/${rest}`))),
        };
        break;
      case 'cluster': {
        const up = { ok: true, uid: 'cluster-1', version: 'v1.36.3' } as const;
        const down = { ok: false, code: rest as ErrorCode, detail: '', retryAfterMs: null } as const;
        this.#observed = { ...this.#observed, cluster: rest === 'ok' ? up : down };
        break;
      }
      default:
        throw new Error(`no such command: ${command}`);
    }
  }

  #fail({ id, digest }: WantedObject, code: ErrorCode): void {
    const attempt = { digest, count: 1, code, notBefore: this.#observed.now + 60_000 };
    this.#observed = { ...this.#observed, attempts: new Map(this.#observed.attempts).set(id, attempt) };
  }

  #run(): string[] {
    const lines: string[] = [];
    for (let round = 0; round < maxRounds; round += 1) {
      const made = plan(this.#wanted, this.#observed);
      if (made.steps.length === 0) return [...lines, `  = ${endOf(made)}`];
      lines.push(`  > ${made.steps.map(lineOf).join(', ')}`);
      for (const [index, step] of made.steps.entries()) {
        const cut = this.#cut && index === made.steps.length - 1;
        this.#observed = simulate(this.#observed, step, { cut });
      }
      if (this.#cut) {
        this.#cut = false;
        return [...lines, '  ! killed before the last answer was recorded'];
      }
      this.#observed = { ...this.#observed, now: this.#observed.now + roundMs };
    }
    return [...lines, '  ! this never ends'];
  }
}

function endOf({ applied, appliedCount, drifted, conditions }: Plan): string {
  const facts = [
    applied ? `applied ${appliedCount}` : `not applied, ${appliedCount} in place`,
    ...(drifted ? ['drifted'] : []),
  ];
  const said = conditions.map(({ code, count }) => `${code} ${count}`);
  return [...facts, ...said].join(', ');
}

function lineOf(step: Step): string {
  switch (step.kind) {
    case 'intend':
      return `write down ${step.objects.map(({ name }) => name).join(' ')}`;
    case 'apply':
      return `${step.reason}${step.uid === null ? '' : ' by force'} ${step.object.kind} ${step.object.name}`;
    case 'delete':
      return `${step.reason === 'prune' ? 'delete' : 'delete to make anew'} ${step.object.kind} ${step.object.name}`;
    case 'withdraw':
      return `give back ${step.object.kind} ${step.object.name}`;
    default:
      return `${step.kind} ${step.id.split('/').slice(1).join('/').replace('//', ' ')}`;
  }
}

/** `Kind namespace/name`, then any of `v2` (its bytes), `template2` (of a Job), `ttl60s`. */
function objectOf(line: string): WantedObject {
  const [kind = '', path = '', ...facts] = line.split(' ');
  const plain = thing(`${kind} ${path}`);
  return facts.reduce<WantedObject>((object, fact) => {
    if (fact.startsWith('v')) return { ...object, digest: fact.slice(1) };
    if (fact.startsWith('template'))
      return { ...object, immutableDigest: fact, digest: `${object.digest}-${fact}` };
    if (fact.startsWith('ttl')) return { ...object, ttlAfterFinishedMs: Number(fact.slice(3, -1)) * 1000 };
    throw new Error(`no such fact: ${fact}`);
  }, plain);
}

function allowanceOf(line: string): PruneAllowance {
  const { group, kind, namespace, name } = objectOf(line);
  return { group, kind, namespace, name };
}
