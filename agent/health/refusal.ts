// Why the cluster does not let a controller create pods, from the words of the API server: there is no code for it.
// What passes by itself within seconds after an install is no refusal. PURE. Called by the rules of workloads.
import type { HealthReason } from '../../proto/health-reasons.ts';

/** A quota that nobody has counted yet, an account or namespace that is about to exist. */
const passing = /status unknown for quota|error looking up service account|serviceaccount "[^"]*" not found/i;
const quota = /exceeded quota|failed quota|insufficient quota/i;
const admission = /forbidden|violates PodSecurity|denied|is invalid|not allowed/i;

/** Null when it will pass by itself. */
export function refusalReason(message: string): HealthReason | null {
  if (passing.test(message)) return null;
  if (quota.test(message)) return 'QuotaExceeded';
  return admission.test(message) ? 'AdmissionRefused' : 'ReplicaFailure';
}
