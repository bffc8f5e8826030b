// /openapi.json: the API as OpenAPI 3.1, made from the schemas that check requests and answers, so that it cannot say
// anything else than the server does. Every route may answer with a problem; the open ones are marked as such.
import fastifySwagger, { type SwaggerTransform } from '@fastify/swagger';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { App } from './app.ts';
import { problemSchema } from './problem.ts';

/** Registers the collector; must come before the routes. */
export async function describeApi(app: App, version: string): Promise<void> {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'TRE Fleet control plane', version },
      components: { securitySchemes: { operator: { type: 'http', scheme: 'bearer' } } },
      security: [{ operator: [] }],
    },
    transform: describeRoute,
  });
}

export function openApiRoute(app: App): void {
  app.get('/openapi.json', {
    config: { role: 'anyone' },
    schema: { summary: 'This API, as OpenAPI 3.1', response: { 200: z.record(z.string(), z.unknown()) } },
    handler: async () => ({ ...app.swagger() }),
  });
}

const { $schema: _, ...schemaOfProblem } = z.toJSONSchema(problemSchema);
const problem = {
  description: problemSchema.description,
  content: { 'application/problem+json': { schema: schemaOfProblem } },
};

const describeRoute: SwaggerTransform = (route) => {
  const { schema, url } = jsonSchemaTransform(route as Parameters<typeof jsonSchemaTransform>[0]);
  const response = { ...(schema['response'] as object | undefined), default: problem };
  const open = route.route.config?.role === 'anyone' ? { security: [] } : {};
  return { schema: { ...schema, response, ...open }, url };
};
