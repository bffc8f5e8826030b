// The REST API as a whole: HTTPS with a leaf of the site CA, one plugin-like function per resource, OpenAPI made from
// the same schemas that check requests and answers. Opened by run.ts.
import { fastify } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { fromSystem } from '../../daemon/errors.ts';
import type { ServerIdentity } from '../trust/authority.ts';
import type { App } from './app.ts';
import { auditRoutes } from './audit.ts';
import { contentRoutes } from './content.ts';
import type { ApiDeps } from './deps.ts';
import { desiredRoutes } from './desired.ts';
import { directorRoutes } from './director.ts';
import { enrolmentRoutes } from './enrolment.ts';
import { eventRoutes } from './events.ts';
import { healthRoutes } from './health.ts';
import { createHttpsOnlyServer } from './https-only.ts';
import { type ApiMetrics, metricRoutes } from './metrics.ts';
import { describeApi, openApiRoute } from './openapi.ts';
import { demandTokens } from './operator.ts';
import { problemHandler, sendProblem } from './problem.ts';
import { releaseRoutes } from './releases.ts';
import { siteRoutes } from './sites.ts';

export interface ApiOptions {
  readonly host: string;
  readonly port: number;
  readonly identity: ServerIdentity;
  readonly metrics: ApiMetrics;
}

export interface ApiServer extends AsyncDisposable {
  readonly port: number;
  /** Connections made from now on see this certificate. */
  setIdentity(identity: ServerIdentity): void;
}

const bodyLimitBytes = 1024 * 1024;
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 60_000;

/** Listens. Throws DaemonError `port-taken`. */
export async function openApi(deps: ApiDeps, options: ApiOptions): Promise<ApiServer> {
  const secrets = ({ chain, key }: ServerIdentity) => ({ cert: chain, key, minVersion: 'TLSv1.2' as const });
  const timeouts = { headersTimeout: headersTimeoutMs, requestTimeout: requestTimeoutMs };
  const https: { server?: ReturnType<typeof createHttpsOnlyServer> } = {};
  const app = fastify({
    bodyLimit: bodyLimitBytes,
    forceCloseConnections: true,
    serverFactory: (handler) =>
      (https.server = createHttpsOnlyServer({ ...secrets(options.identity), ...timeouts }, handler)),
  });
  await defineRoutes(app.withTypeProvider<ZodTypeProvider>(), deps, options.metrics);
  try {
    await app.listen({ port: options.port, host: options.host });
  } catch (error) {
    throw fromSystem(error, 'listen-failed', `${options.host}:${options.port}`);
  }
  return {
    port: portOf(app, options.port),
    setIdentity: (identity) => https.server?.setSecureContext(secrets(identity)),
    [Symbol.asyncDispose]: () => app.close(),
  };
}

function portOf(app: Pick<App, 'addresses'>, asked: number): number {
  const [address] = app.addresses();
  return typeof address === 'object' ? address.port : asked;
}

async function defineRoutes(app: App, deps: ApiDeps, metrics: ApiMetrics): Promise<void> {
  const { store, log, version } = deps;
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(problemHandler(log));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, 'NOT_FOUND', `There is no ${request.method} here; /openapi.json lists what there is.`),
  );
  demandTokens(app, store.operatorTokens);
  app.addHook('onResponse', async (request, reply) => {
    metrics.request(request.method, reply.statusCode);
    const route = `${request.method} ${request.routeOptions.url ?? 'unknown'}`;
    log.info(
      { route, status: reply.statusCode, who: request.who, elapsedMs: Math.round(reply.elapsedTime) },
      'request',
    );
  });
  await describeApi(app, version);
  for (const routes of [
    siteRoutes,
    eventRoutes,
    enrolmentRoutes,
    desiredRoutes,
    releaseRoutes,
    contentRoutes,
    directorRoutes,
    auditRoutes,
    healthRoutes,
  ]) {
    routes(app, deps);
  }
  metricRoutes(app, { ...deps, metrics });
  openApiRoute(app);
}
