import type { ServerResponse } from "node:http";
import { type Asset, makeAsset } from "./assets.ts";
import { GRAPHIQL_TABS } from "./graphiql-tabs.ts";

/** Makes the page of GraphiQL, and its compressed forms. */
export async function makeGraphiql(endpoint: string): Promise<Asset> {
  // Megabytes, for which nobody may ask.
  const { renderGraphiQL } = await import("@graphql-yoga/render-graphiql");
  const options = { title: "Weir", endpoint, subscriptionsProtocol: "WS" } as const;
  const plain = Buffer.from(withTabs(renderGraphiQL(options), JSON.stringify(options)));
  return makeAsset({ type: "text/html; charset=utf-8", plain, policy: PAGE_POLICY, isImmutable: false });
}

/**
 * The page with our tabs, and the schema's documents open, for whoever is here for the first time. GraphiQL would show the tabs in
 * place of the query of a link: with one, they are not given.
 */
function withTabs(page: string, options: string): string {
  const tabs = JSON.stringify(GRAPHIQL_TABS.map((query) => ({ query })));
  const given = `(() => {
    if (localStorage.getItem("graphiql:visiblePlugin") === null) localStorage.setItem("graphiql:visiblePlugin", "Documentation Explorer");
    const hasQuery = new URLSearchParams(location.search).has("query");
    return hasQuery ? ${options} : { ...${options}, defaultTabs: ${tabs} };
  })()`;
  return replaced(replaced(page, options, given), ROOT_ELEMENT, `${ROOT_ELEMENT}<script>${APPENDING}</script>`);
}

/** The last one: texts before it are of scripts. */
function replaced(page: string, text: string, by: string): string {
  const at = page.lastIndexOf(text);
  if (at === -1) throw new Error(`GraphiQL's page has no ${text}`);
  return page.slice(0, at) + by + page.slice(at + text.length);
}

const ROOT_ELEMENT = '<div id="root"></div>';

/**
 * GraphiQL shows of a subscription what was delivered last, and nothing before. Each delivery tells it the ones before as well,
 * the newest first. Its client of graphql-ws sets onmessage, and reads data alone.
 */
const APPENDING = `{
  const MOST = 50;
  class AppendingSocket extends WebSocket {
    #deliveries = new Map();
    set onmessage(listener) {
      super.onmessage = listener && (({ data }) => listener({ data: this.#appended(data) }));
    }
    #appended(text) {
      const message = JSON.parse(text);
      if (message.type !== "next" || !message.payload.data) return text;
      const all = [message.payload.data, ...(this.#deliveries.get(message.id) ?? [])].slice(0, MOST);
      this.#deliveries.set(message.id, all);
      return JSON.stringify({ ...message, payload: { ...message.payload, data: all } });
    }
  }
  window.WebSocket = AppendingSocket;
}`;

/** GraphiQL is one page with its scripts and styles in it; it talks to nobody but this service, and stands in no frame. */
export function protectPages(response: ServerResponse): void {
  response.setHeader("content-security-policy", PAGE_POLICY);
  response.setHeader("x-frame-options", "DENY");
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("referrer-policy", "no-referrer");
}

const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
  "worker-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "connect-src 'self' ws: wss: data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");
