// The rules that a release brings for kinds which only its author knows. A `failed` rule that holds means failed; where
// there are `current` rules, the object is current when all of them hold, whatever its conditions say. A comparison with
// a value that is not there holds neither way: what nobody has written yet is neither right nor wrong. PURE.
import type { HealthRule } from '../../proto/document.ts';
import { parsePointer, valueAt } from '../../proto/pointer.ts';
import type { JsonObject } from '../../proto/strict-json.ts';
import { because, current, type Verdict } from './verdict.ts';

/** The verdict of the rules of this kind; undefined when they leave it to the conditions. */
export function customVerdict(object: JsonObject, rules: readonly HealthRule[]): Verdict | undefined {
  const failed = rules.find((rule) => rule.means === 'failed' && holds(object, rule));
  if (failed !== undefined) return because('CustomRuleFailed', failed.pointer);
  const wanted = rules.filter(({ means }) => means === 'current');
  if (wanted.length === 0) return undefined;
  const open = wanted.find((rule) => !holds(object, rule));
  return open === undefined ? current : because('CustomRuleWaiting', open.pointer);
}

function holds(object: JsonObject, { pointer, operator, value }: HealthRule): boolean {
  const steps = parsePointer(pointer);
  const found = steps === undefined ? undefined : valueAt(object, steps);
  if (found === undefined || found === null) return false;
  switch (operator) {
    case 'exists':
      return true;
    case 'equals':
      return found === value;
    case 'not-equals':
      return found !== value;
  }
}
