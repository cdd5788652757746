import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROLES, type Role } from "../../src/resolvers/viewer.ts";
import type { App } from "../../src/server/app.ts";
import { bearer, makeToken } from "../support/access.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { operationOf, ROOT_FIELDS, rule } from "../support/root-fields.ts";
import { post, startService } from "../support/service.ts";
import { openSocket } from "../support/socket.ts";

let database: TestDatabase;
let app: App;
const secrets = new Map<Role, string>();
beforeAll(async () => {
  database = await createTestDatabase();
  for (const role of ROLES) secrets.set(role, (await makeToken(database, { name: role, role })).secret);
  app = await startService(database.url, { WEIR_SECRET_KEY: Buffer.alloc(32, 7).toString("base64") });
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

type Codes = readonly unknown[];
/** Runs an operation with a token, or none, and answers the codes of its errors. */
type Transport = (query: string, secret: string | undefined) => Promise<Codes>;

const headersOf = (secret: string | undefined) => (secret === undefined ? {} : bearer(secret));
const codesOf = (errors: readonly { readonly extensions?: { readonly code?: unknown } }[] = []): Codes =>
  errors.map(({ extensions }) => extensions?.code);

const http: Transport = async (query, secret) => codesOf((await post(app.url, query, {}, headersOf(secret))).errors);

const sse: Transport = async (query, secret) => {
  const response = await fetch(app.url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream", ...headersOf(secret) },
    body: JSON.stringify({ query }),
  });
  const text = await response.text();
  const json = text.startsWith("{") ? text : /^data: (\{.*\})$/m.exec(text)?.[1];
  return codesOf((JSON.parse(json ?? "{}") as { errors?: [] }).errors);
};

const webSocket: Transport = async (query, secret) => {
  const socket = await openSocket(app.url);
  try {
    await socket.init(secret === undefined ? {} : { token: secret });
    socket.subscribe("1", query);
    return codesOf(await socket.errorsOf("1"));
  } finally {
    socket.socket.terminate();
  }
};

describe.each<[string, Transport]>([
  ["HTTP", http],
  ["WebSocket", webSocket],
  ["SSE", sse],
])("over %s", (transport, run) => {
  it.each(ROOT_FIELDS.map(({ root, field }) => [`${root}.${field.name}`, root, field] as const))(
    "%s is open to its role and those above, and to nobody else",
    async (_name, root, field) => {
      const isSubscription = root === "Subscription";
      // A cursor that is none: whoever is let in is told so, and whoever is not is not told.
      // So does a pause that is none, where a subscription tells a whole state and has no cursor.
      const wrong = field.args.some(({ name }) => name === "after") ? { after: '"none"' } : { throttleMs: "0" };
      const query = operationOf(root, field, isSubscription ? wrong : {});
      expect(await run(query, undefined)).toEqual(["UNAUTHENTICATED"]);
      const { role: needed } = rule(field);
      for (const role of ROLES) {
        const codes = await run(query, secrets.get(role));
        // Over plain HTTP it is told first that a subscription needs a stream.
        const isStreamless = isSubscription && transport === "HTTP";
        if (ROLES.indexOf(role) < ROLES.indexOf(needed) && !isStreamless) expect(codes, role).toEqual(["FORBIDDEN"]);
        else if (isSubscription) expect(codes, role).toEqual(["BAD_USER_INPUT"]);
        else for (const code of codes) expect(ALLOWED, role).toContain(code);
      }
    },
  );
});

/** What may be wrong with the arguments of the matrix. */
const ALLOWED = ["BAD_USER_INPUT", "NOT_FOUND", "CONFLICT", "INVALID_TRANSITION"];
