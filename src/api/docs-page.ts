import type { Route } from './route.js';

/** The style of `/docs`, a file of its own: the page may hold none. */
export const docsStyle = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:60rem;margin:2rem auto;padding:0 1rem}
code,pre{font:14px/1.4 ui-monospace,monospace}
details{border:1px solid #8886;border-radius:6px;margin:.4rem 0;padding:.4rem .8rem}
summary{cursor:pointer;display:flex;gap:.8rem;align-items:baseline;flex-wrap:wrap}
summary b{min-width:4rem}
table{border-collapse:collapse;margin:.5rem 0}
td,th{text-align:left;padding:.1rem 1rem .1rem 0;vertical-align:top}
pre{overflow:auto;max-height:24rem;background:#8881;padding:.6rem}
`;

interface Operation {
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: object }>>;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly description?: string;
  readonly schema: object;
}

/** Returns a page for people that shows an OpenAPI document; it needs no script and nothing from elsewhere. */
export function docsPage(document: Readonly<Record<string, unknown>>, routes: readonly Route[]): string {
  const paths = document['paths'] as Record<string, Record<string, Operation>>;
  const tags = [...new Set(routes.map(({ tag }) => tag))];
  const section = (tag: string): string =>
    `<h2>${escape(tag)}</h2>${routes
      .filter((route) => route.tag === tag)
      .map((route) => operationHtml(route, paths[route.path]?.[route.method.toLowerCase()]))
      .join('')}`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>chainparse API</title><link rel="stylesheet" href="docs/style.css"></head><body><main><h1>chainparse API</h1>
<p>The same for programs: <a href="openapi.json">openapi.json</a>.</p>
${tags.map(section).join('\n')}
<h2>schemas</h2>${schemasHtml(document)}</main></body></html>
`;
}

function operationHtml({ method, path, access }: Route, operation: Operation | undefined): string {
  if (operation === undefined) return '';
  const { summary, parameters = [], requestBody, responses } = operation;
  const rows = parameters.map(
    ({ name, in: place, required, description = '', schema }) =>
      `<tr><td><code>${escape(name)}</code></td><td>${place}${required ? ', required' : ''}</td><td><code>${escape(JSON.stringify(schema))}</code></td><td>${escape(description)}</td></tr>`,
  );
  const body = requestBody === undefined ? '' : `<p>Body</p><pre>${pretty(requestBody.content)}</pre>`;
  const answers = Object.entries(responses).map(
    ([status, { description, content = {} }]) =>
      `<tr><td>${status}</td><td>${escape(description)}</td><td>${escape(Object.keys(content).join(', '))}</td></tr>`,
  );
  const right = access === 'open' ? 'no token' : access === 'read' ? 'read token' : 'write token';
  return `<details><summary><b>${method}</b> <code>${escape(path)}</code> <span>${escape(summary)}</span></summary>
<p>Needs: ${right}, where one is set.</p><table>${rows.join('')}</table>${body}<table>${answers.join('')}</table></details>`;
}

function schemasHtml(document: Readonly<Record<string, unknown>>): string {
  const { schemas } = document['components'] as { schemas: Record<string, unknown> };
  const entries = Object.entries(schemas).sort(([a], [b]) => a.localeCompare(b));
  return entries
    .map(
      ([name, schema]) =>
        `<details><summary><code>${escape(name)}</code></summary><pre>${pretty(schema)}</pre></details>`,
    )
    .join('');
}

function pretty(value: unknown): string {
  return escape(JSON.stringify(value, null, 2));
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
