import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly status: { readonly code?: number };
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
}

/** A receiver of OTLP over HTTP, for JSON. */
export async function openCollector() {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      bodies.push(`${request.url} ${JSON.stringify(request.headers)} ${body}`);
      return response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    /** All that was sent. */
    sent: () => bodies.join("\n"),
    spans: (): readonly Span[] =>
      bodies.flatMap((body) => {
        const sent = JSON.parse(body.slice(body.indexOf('{"resourceSpans"'))) as {
          resourceSpans: { scopeSpans: { spans: Span[] }[] }[];
        };
        return sent.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
      }),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
