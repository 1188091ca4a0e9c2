import { z } from 'zod';
import { docsPage, docsStyle } from '../docs-page.js';
import { route, type Route } from '../route.js';

const tag = 'documentation';
const html = 'text/html; charset=utf-8';

/** The routes that describe all the others, and themselves. */
export function docsRoutes(others: readonly Route[]): readonly Route[] {
  const routes: Route[] = [...others];
  routes.push(
    route({
      method: 'GET',
      path: '/openapi.json',
      summary: 'The OpenAPI document of this API.',
      ...{ tag, access: 'read', answer: { schema: z.looseObject({ openapi: z.string() }) } },
      handle: ({ document }) => ({ json: document() }),
    }),
    route({
      method: 'GET',
      path: '/docs',
      summary: 'The same, for people.',
      ...{ tag, access: 'read', answer: { media: html, what: 'a page' } },
      handle: ({ document }) => ({ media: html, text: docsPage(document() as Record<string, unknown>, routes) }),
    }),
    route({
      method: 'GET',
      path: '/docs/style.css',
      summary: 'The style of that page.',
      ...{ tag, access: 'read', answer: { media: 'text/css; charset=utf-8', what: 'a style sheet' } },
      handle: () => ({ media: 'text/css; charset=utf-8', text: docsStyle }),
    }),
  );
  return routes.slice(others.length);
}
