/** Peers over HTTP: `node http.ts <kind> <database URL>`. Tells the parent where it is served. */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import fastify from "fastify";
import { createSchema, createYoga, type YogaInitialContext } from "graphql-yoga";
import mercurius from "mercurius";
import postgres, { type Sql } from "postgres";
import {
  type Counts,
  countsSql,
  createContext,
  createResolvers,
  type Hl7File,
  hl7FilesSql,
  type Log,
  logsSql,
  prepared,
  reportSql,
  statusesSql,
  typeDefs,
} from "./schema.ts";

const HOST = "127.0.0.1";
type Handler = (body: Record<string, string>, sql: Sql) => Promise<unknown>;

const STEP_SQL = `
  with step as (
    insert into steps (file_id, step_name, status, started_at, completed_at)
    values ($1, $2, $3, now(), case when $3 = 'success' then now() end)
    on conflict (file_id, step_name) do update
      set status = excluded.status, completed_at = excluded.completed_at, updated_at = now()
    returning *),
  log as (insert into logs_of_steps (file_id, step_name, status, message) values ($1, $2, $3, $4))
  select id, status, started_at, completed_at from step`;
const CLAIM_SQL = `
  update stages set status = 'running', worker = $1, lease_expires_at = now() + interval '60 seconds'
  where id = (select id from stages where status = 'waiting' order by id limit 1 for update skip locked)
  returning id, run_id, stage_order, lease_expires_at`;
const COMPLETE_SQL = `
  update stages set status = 'success', completed_at = now() where id = $1 and worker = $2 and status = 'running'
  returning id, completed_at`;

/** What somebody would write who needs just this, and knows how. */
const HAND_WRITTEN: Readonly<Record<string, Handler>> = {
  "/typename": async () => ({ data: { __typename: "Query" } }),
  "/page": async (_, sql) => ({ nodes: await sql.unsafe(statusesSql, [50], prepared) }),
  "/nested": async (_, sql) => {
    const logs = await sql.unsafe<Log[]>(logsSql, [20], prepared);
    const paths = logs.map((log) => log.log_file_path);
    const [counts, files] = await Promise.all([
      sql.unsafe<Counts[]>(countsSql, [paths], prepared),
      sql.unsafe<Hl7File[]>(hl7FilesSql, [paths, 5], prepared),
    ]);
    const countsOf = new Map(counts.map((row) => [row.log_file_path, row]));
    const filesOf = Map.groupBy(files, (row) => row.log_file_path);
    return {
      nodes: logs.map((log) => ({
        ...log,
        counts: countsOf.get(log.log_file_path),
        files: filesOf.get(log.log_file_path),
      })),
    };
  },
  "/report": async ({ filePath = "", type = "", status = "" }, sql) =>
    (await sql.unsafe(reportSql, [filePath, type, status], prepared))[0],
  "/step": async ({ fileId = "", stepName = "", status = "" }, sql) =>
    (await sql.unsafe(STEP_SQL, [fileId, stepName, status, "reported"], prepared))[0],
  "/claim": async ({ worker = "" }, sql) => (await sql.unsafe(CLAIM_SQL, [worker], prepared))[0] ?? null,
  "/complete": async ({ id = "", worker = "" }, sql) =>
    (await sql.unsafe(COMPLETE_SQL, [id, worker], prepared))[0] ?? null,
};

function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    request.setEncoding("utf8");
    request.on("data", (piece: string) => (text += piece));
    request.on("end", () => resolve(text));
    request.on("error", reject);
  });
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, HOST, () => resolve(`http://${HOST}:${(server.address() as AddressInfo).port}/graphql`));
  });
}

const KINDS: Readonly<Record<string, (sql: Sql, url: string) => Promise<string>>> = {
  handWritten: (sql) =>
    listen(
      createServer((request, response) => {
        const respond = (text: string) => {
          response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
          response.end(text);
        };
        // A failure is nobody's to catch: it ends the process, and with it the run.
        void readBody(request)
          .then((text) => HAND_WRITTEN[request.url ?? ""]?.(JSON.parse(text), sql))
          .then((answer) => respond(JSON.stringify(answer)));
      }),
    ),
  async mercurius(sql) {
    const app = fastify();
    await app.register(mercurius, {
      schema: typeDefs,
      resolvers: createResolvers(sql) as mercurius.IResolvers,
      context: () => createContext(sql),
      jit: 1,
    });
    return `${await app.listen({ port: 0, host: HOST })}/graphql`;
  },
  async apollo(sql) {
    const server = new ApolloServer({ typeDefs, resolvers: createResolvers(sql) });
    const { url } = await startStandaloneServer(server, {
      listen: { port: 0, host: HOST },
      context: async () => createContext(sql),
    });
    return url;
  },
  yoga(sql) {
    const yoga = createYoga<object, ReturnType<typeof createContext>>({
      schema: createSchema<YogaInitialContext & ReturnType<typeof createContext>>({
        typeDefs,
        resolvers: createResolvers(sql),
      }),
      context: () => createContext(sql),
      logging: false,
    });
    return listen(createServer((request, response) => void yoga(request, response)));
  },
  async postgraphile(_, url) {
    const [{ postgraphile }, { PostGraphileAmberPreset }, { makePgService }, { grafserv }] = await Promise.all([
      import("postgraphile"),
      import("postgraphile/presets/amber"),
      import("postgraphile/adaptors/pg"),
      import("postgraphile/grafserv/node"),
    ]);
    const built = postgraphile({
      extends: [PostGraphileAmberPreset],
      pgServices: [makePgService({ connectionString: url, schemas: ["public"] })],
      grafserv: { watch: false, graphiql: false },
    });
    const server = createServer();
    await built.createServ(grafserv).addTo(server);
    return listen(server);
  },
};

const [kind = "", url = ""] = process.argv.slice(2);
const start = KINDS[kind];
if (start === undefined) throw new Error(`no peer "${kind}"`);
process.send?.(await start(postgres(url, { max: 10, connection: { jit: "off" } }), url));
process.on("disconnect", () => process.exit());
