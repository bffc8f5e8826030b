// What the running agent answers over its local socket, one command each. Laws: a question is checked before anything is
// done; an answer never leaves this machine, so objects have their names in it. Served by main.ts.
import { TreError } from '../../proto/errors.ts';
import type { Hold } from '../store/holds.ts';
import type { AgentStore } from '../store/store.ts';
import { ledgerLines } from './ledger-lines.ts';
import type { LocalFacts } from './local-facts.ts';
import { type ShutdownDeps, shutDown } from './shutdown.ts';
import type { Answer } from './socket.ts';
import { statusOf } from './status.ts';
import { storeFacts } from './support-facts.ts';

export interface AnswerDeps extends Omit<ShutdownDeps, 'waiting'> {
  readonly store: AgentStore;
  readonly facts: () => LocalFacts;
  readonly holds: {
    /** Throws TreError HOLD_INVALID. */
    readonly hold: (forMs: number, why: string) => Hold;
    /** Throws TreError NOT_HELD. */
    readonly release: () => void;
  };
}

/** Throws TreError USAGE for a question that it does not understand, and what the commands throw. */
export function createAnswer(deps: AnswerDeps): Answer {
  const { store, facts, holds } = deps;
  return (question) => {
    switch (question['command']) {
      case 'status':
        return [statusOf(facts())];
      case 'ledger':
        return ledgerLines(store, {
          sinceMs: numberOf(question, 'sinceMs'),
          last: numberOf(question, 'last'),
        });
      case 'hold':
        return [holds.hold(numberOf(question, 'forMs') ?? Number.NaN, textOf(question, 'why'))];
      case 'release-hold':
        holds.release();
        return [{}];
      case 'support':
        return [storeFacts(store)];
      case 'shutdown':
        return shutDown({ ...deps, waiting: () => store.outbox.waiting() });
      default:
        throw new TreError('USAGE');
    }
  };
}

type Question = Parameters<Answer>[0];

function numberOf(question: Question, name: string): number | undefined {
  const value = question[name];
  return typeof value === 'number' ? value : undefined;
}

function textOf(question: Question, name: string): string {
  const value = question[name];
  return typeof value === 'string' ? value : '';
}
