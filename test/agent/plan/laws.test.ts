// The laws of the planner over random worlds: same inputs, same plan; it always ends; a kill at any moment changes
// nothing in the end; and what somebody else made is never touched.
import test from 'ava';
import fc from 'fast-check';
import { plan } from '../../../agent/plan/plan.ts';
import { simulate } from '../../../agent/plan/simulate.ts';
import type { Plan } from '../../../agent/plan/step.ts';
import type { Observed, Wanted, WantedObject } from '../../../agent/plan/world.ts';
import { emptyWorld, liveOf, thing, wanted, withLive, withRow } from '../../support/planner-world.ts';

const maxRounds = 40;
const universe = [
  thing('Namespace lab'),
  thing('Namespace ward'),
  thing('CustomResourceDefinition projects.tre.example'),
  thing('NetworkPolicy lab/deny'),
  thing('ConfigMap lab/settings'),
  thing('PersistentVolumeClaim ward/data'),
  thing('Deployment ward/portal'),
  thing('Project lab/alpha'),
  thing('Job lab/setup', { ttlAfterFinishedMs: 60_000 }),
  thing('Job ward/once'),
  thing('ClusterRole reader'),
  thing('Ingress lab/door'),
  thing('ValidatingWebhookConfiguration guard'),
];

/** absent; ours as applied; ours of older bytes; ours but edited; ours but gone; a lost create; met; somebody else's. */
const states = ['absent', 'ours', 'older', 'edited', 'gone', 'lost', 'met', 'foreign', 'kept'] as const;
type State = (typeof states)[number];

function place(world: Observed, object: WantedObject, state: State): Observed {
  const never = { uid: null, appliedDigest: null, appliedImmutableDigest: null, ownHash: null };
  const live = liveOf(object);
  switch (state) {
    case 'absent':
      return world;
    case 'ours':
      return withLive(withRow(world, object, {}), object, live);
    case 'older':
      return withLive(
        withRow(world, object, { appliedDigest: '0', ownHash: '0', appliedImmutableDigest: 't0' }),
        object,
        { ...live, ownHash: '0' },
      );
    case 'edited':
      return withLive(withRow(world, object, {}), object, { ...live, ownHash: 'edited' });
    case 'gone':
      return withRow(world, object, {});
    case 'lost':
      return withLive(withRow(world, object, { ...never, creating: true }), object, live);
    case 'met':
      return withLive(withRow(world, object, { ...never, creating: true }), object, {
        uid: 'theirs',
        createdByUs: false,
      });
    case 'foreign':
      return withLive(world, object, { uid: 'theirs', createdByUs: false, ownHash: null });
    case 'kept':
      return withLive(withRow(world, object, { kept: true }), object, live);
  }
}

const world = fc
  .array(fc.constantFrom(...states), { minLength: universe.length, maxLength: universe.length })
  .map((chosen) => {
    let result = emptyWorld();
    for (const [index, object] of universe.entries())
      result = place(result, object, chosen[index] ?? 'absent');
    const definition = universe[2];
    if (definition === undefined || !result.live.has(definition.id)) return result;
    return { ...result, served: new Map(result.served).set('tre.example/v1/Project', 'Namespaced' as const) };
  });
const goal = fc
  .shuffledSubarray(universe)
  .chain((objects) =>
    fc
      .constantFrom([], [{ group: '', kind: 'PersistentVolumeClaim', namespace: null, name: null }])
      .map((prune) => wanted(objects, prune)),
  );

function advance(observed: Observed, result: Plan): Observed {
  let next = observed;
  for (const step of result.steps) next = simulate(next, step);
  return { ...next, now: next.now + 5_000 };
}

function settle(
  target: Wanted,
  start: Observed,
): { readonly observed: Observed; readonly last: Plan; readonly rounds: number } {
  let observed = start;
  for (let rounds = 0; ; rounds += 1) {
    const last = plan(target, observed);
    if (last.steps.length === 0 || rounds === maxRounds) return { observed, last, rounds };
    observed = advance(observed, last);
  }
}

const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

/** What may be compared between two runs: identities and contents, not the UIDs that the server chose. */
function picture({ live, inventory }: Observed): unknown {
  return {
    live: [...live].map(([id, { ownHash, uid }]) => [id, ownHash, uid === 'theirs']).toSorted(byText),
    inventory: [...inventory]
      .map(([id, { kept, appliedDigest, uid }]) => [id, kept, appliedDigest, live.get(id)?.uid === uid])
      .toSorted(byText),
  };
}

test('same inputs, same plan, byte for byte', (t) => {
  fc.assert(
    fc.property(goal, world, (target, start) => {
      const again = {
        ...start,
        inventory: new Map([...start.inventory].reverse()),
        live: new Map([...start.live].reverse()),
      };
      t.is(JSON.stringify(plan(target, start)), JSON.stringify(plan(structuredClone(target), again)));
    }),
  );
  t.pass();
});

test('from any world it ends, and what keeps it from applied is outside', (t) => {
  fc.assert(
    fc.property(goal, world, (target, start) => {
      const { last, rounds } = settle(target, start);
      fc.pre(rounds < maxRounds || t.fail('never ends'));
      const excusable = new Set(['ObjectNotOurs', 'WaitingForNamespace', 'WaitingForKind']);
      const missing = (code: string): boolean => !excusable.has(code);
      t.deepEqual(last.waiting.map(({ code }) => code).filter(missing), []);
      t.is(last.applied, last.waiting.length === 0);
    }),
    { numRuns: 1000 },
  );
});

test('from a world without strangers a whole release is applied, and nothing else of ours is left', (t) => {
  const whole = fc.array(
    fc.constantFrom<State>('absent', 'ours', 'older', 'edited', 'gone', 'lost', 'kept'),
    { minLength: universe.length, maxLength: universe.length },
  );
  fc.assert(
    fc.property(whole, fc.integer({ min: 3, max: universe.length }), (chosen, count) => {
      let start = emptyWorld();
      for (const [index, object] of universe.entries())
        start = place(start, object, chosen[index] ?? 'absent');
      start = { ...start, served: new Map(start.served).set('tre.example/v1/Project', 'Namespaced') };
      const target = wanted(universe.slice(0, count));
      const { last, observed } = settle(target, start);
      t.deepEqual([last.applied, last.appliedCount], [true, count]);
      const extra = [...observed.inventory.values()].filter(
        ({ kind, id }) => kind !== 'PersistentVolumeClaim' && !target.objects.some((one) => one.id === id),
      );
      t.deepEqual(extra, []);
    }),
    { numRuns: 500 },
  );
});

test('a kill at any moment changes nothing in the end', (t) => {
  fc.assert(
    fc.property(goal, world, fc.array(fc.nat(6), { maxLength: 6 }), (target, start, kills) => {
      let observed = start;
      for (const kill of kills) {
        const { steps } = plan(target, observed);
        for (const [index, step] of steps.slice(0, kill + 1).entries())
          observed = simulate(observed, step, { cut: index === kill });
        observed = { ...observed, now: observed.now + 5_000 };
      }
      t.deepEqual(picture(settle(target, observed).observed), picture(settle(target, start).observed));
    }),
    { numRuns: 1000 },
  );
});

test('what somebody else made is never forced, deleted or kept in the books', (t) => {
  fc.assert(
    fc.property(goal, world, (target, start) => {
      const { observed } = settle(target, start);
      for (const [id, live] of start.live) {
        if (live.uid !== 'theirs') continue;
        t.is(observed.live.get(id)?.uid, 'theirs');
        t.not(observed.inventory.get(id)?.uid, 'theirs');
      }
    }),
    { numRuns: 1000 },
  );
});
