/** Peers that push what PostgreSQL notifies them of: `node sockets.ts <kind> <database URL>`. Tells the parent where it is served. */
import { EventEmitter } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import fastify from "fastify";
import { useServer } from "graphql-ws/use/ws";
import { createSchema } from "graphql-yoga";
import mercurius from "mercurius";
import postgres from "postgres";
import { WebSocketServer } from "ws";

const HOST = "127.0.0.1";
const CHANNEL = "file_status";
const typeDefs = /* GraphQL */ `
  type Query { none: Boolean }
  type Subscription { fileStatusRecorded: Change! }
  type Change { cursor: String!  isCurrent: Boolean!  fileStatus: FileStatus! }
  type FileStatus { filePath: String!  type: String!  status: String!  processedAt: String! }
`;
interface Row {
  readonly id: number;
  readonly file_path: string;
  readonly processed_at: string;
}
const fields = {
  Change: { cursor: (row: Row) => String(row.id), isCurrent: () => true, fileStatus: (row: Row) => row },
  FileStatus: { filePath: (row: Row) => row.file_path, processedAt: (row: Row) => row.processed_at },
};

const [kind = "", url = ""] = process.argv.slice(2);
const rows = new EventEmitter<{ row: [string] }>().setMaxListeners(0);
await postgres(url, { max: 1 }).listen(CHANNEL, (text) => rows.emit("row", text));

async function bareWs(): Promise<string> {
  const server = createServer();
  const sockets = new WebSocketServer({ server, path: "/graphql" });
  rows.on("row", (text) => {
    for (const socket of sockets.clients) socket.send(text);
  });
  return listen(server);
}

async function graphqlWs(): Promise<string> {
  const server = createServer();
  const sockets = new WebSocketServer({ server, path: "/graphql" });
  const schema = createSchema({
    typeDefs,
    resolvers: {
      ...fields,
      Subscription: { fileStatusRecorded: { subscribe: () => followRows(), resolve: (row: Row) => row } },
    },
  });
  useServer({ schema }, sockets);
  return listen(server);
}

/** The rows from now on; one parsed object for all subscribers. */
async function* followRows(): AsyncGenerator<Row> {
  const waiting: Row[] = [];
  let wake = () => {};
  const take = (text: string) => {
    waiting.push(parsed(text));
    wake();
  };
  rows.on("row", take);
  try {
    for (;;) {
      const row = waiting.shift();
      if (row !== undefined) yield row;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    rows.off("row", take);
  }
}

let lastText = "";
let lastRow: Row | undefined;
function parsed(text: string): Row {
  if (text !== lastText || lastRow === undefined) [lastText, lastRow] = [text, JSON.parse(text) as Row];
  return lastRow;
}

async function mercuriusWs(): Promise<string> {
  const app = fastify();
  await app.register(mercurius, {
    schema: typeDefs,
    resolvers: {
      ...fields,
      Subscription: {
        fileStatusRecorded: {
          subscribe: (_: unknown, __: unknown, { pubsub }: { pubsub: mercurius.PubSub }) => pubsub.subscribe("row"),
          resolve: (row: Row) => row,
        },
      },
    } as mercurius.IResolvers,
    subscription: { fullWsTransport: true },
    jit: 1,
  });
  await app.ready();
  rows.on("row", (text) => app.graphql.pubsub.publish({ topic: "row", payload: parsed(text) }));
  return `${await app.listen({ port: 0, host: HOST })}/graphql`;
}

function listen(server: ReturnType<typeof createServer>): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, HOST, () => resolve(`http://${HOST}:${(server.address() as AddressInfo).port}/graphql`));
  });
}

const KINDS: Readonly<Record<string, () => Promise<string>>> = { bareWs, graphqlWs, mercuriusWs };
const start = KINDS[kind];
if (start === undefined) throw new Error(`no peer "${kind}"`);
process.send?.(await start());
process.on("disconnect", () => process.exit());
