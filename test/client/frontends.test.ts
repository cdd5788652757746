import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { isFetched, makeProject } from "../support/fixtures.ts";
import { createPipeline, STAGES, setStages } from "../support/pipelines.ts";
import { ask, startService } from "../support/service.ts";
import { readPage } from "../support/snippets.ts";

const run = promisify(execFile);
const areThere = (await isFetched("frontends", "frontends.test.ts")) && (await isFetched("relay", "frontends.test.ts"));

/** The code in one section of docs/frontend.md. */
async function sectionOf(heading: string, language: string): Promise<string> {
  const [, section = ""] = (await readPage("docs/frontend.md")).split(`\n## ${heading}\n`);
  const [, code] = new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, "m").exec(section) ?? [];
  if (code === undefined) throw new Error(`no ${language} in the section ${heading}`);
  return code;
}

describe.skipIf(!areThere)("a frontend with", () => {
  let database: TestDatabase;
  let app: App;
  let project: string;
  beforeAll(async () => {
    database = await createTestDatabase();
    app = await startService(database.url, { WEIR_SCHEDULER: "off" });
    project = await makeProject("frontends", "relay");
    await copyFile("schema.graphql", path.join(project, "schema.graphql"));
    await setStages(app.url, STAGES.slice(0, 1));
    await createPipeline(app.url, "public.orders");
  });
  afterAll(async () => {
    await app.stop();
    await database[Symbol.asyncDispose]();
    await rm(project, { recursive: true, force: true });
  });
  const here = (code: string) => code.replaceAll("127.0.0.1:4000", new URL(app.url).host);

  /** Runs a module that triggers a run and shows it; cancels the run, and waits until the module shows that as well. */
  async function expectFollows(name: string, code: string): Promise<void> {
    await writeFile(path.join(project, name), here(code));
    const child = spawn(process.execPath, [name], { cwd: project, stdio: ["ignore", "pipe", "pipe"] });
    const closed = once(child, "close");
    let errors = "";
    child.stderr.on("data", (data) => (errors += String(data)));
    try {
      let output = "";
      let id: string | undefined;
      for await (const chunk of child.stdout) {
        output += String(chunk);
        if (id === undefined) {
          id = /"id":"(\d+)","status":"PENDING"/.exec(output)?.[1];
          if (id !== undefined) await ask(app.url, "mutation ($id: ID!) { cancelRun(id: $id) { status } }", { id });
        }
        if (id !== undefined && output.includes(`"id":"${id}","status":"CANCELLED"`)) return;
      }
      throw new Error(`${name} ended with: ${output}${errors}`);
    } finally {
      child.kill("SIGKILL");
      await closed;
    }
  }

  it.each(["Apollo Client 4", "urql", "Plain graphql-ws", "graphql-request and graphql-sse", "weir-client"])(
    "%s triggers a run, reads it, and shows what becomes of it",
    async (heading) => {
      // Apollo and urql show it by their caches alone, which nobody has told of our types.
      await expectFollows(`${heading.replaceAll(" ", "-")}.js`, await sectionOf(heading, "js"));
    },
  );

  it("Relay compiles its documents, and shows what becomes of a run by its store", async () => {
    const source = path.join(project, "src");
    await mkdir(source);
    const documents = {
      Trigger: `mutation TriggerMutation { triggerRun(sourceTablename: "public.orders") { id nodeId } }`,
      Runs: `query RunsQuery { liveCursor runs(first: 20) { nodes { id status nodeId } } }`,
      Changes: `subscription ChangesSubscription($after: Cursor) { runChanged(after: $after) { cursor run { id status nodeId } } }`,
    };
    for (const [name, text] of Object.entries(documents))
      await writeFile(
        path.join(source, `${name}.js`),
        `import { graphql } from "relay-runtime";\nexport const document = graphql\`${text}\`;\n`,
      );
    await writeFile(path.join(project, "relay.config.json"), await sectionOf("Relay", "json"));
    const compiler = path.join(project, "node_modules/relay-compiler/cli.js");
    await run(process.execPath, [compiler, "relay.config.json"], { cwd: project });
    const code = `${await sectionOf("Relay", "js")}
      import Trigger from "./src/__generated__/TriggerMutation.graphql.js";
      import Runs from "./src/__generated__/RunsQuery.graphql.js";
      import Changes from "./src/__generated__/ChangesSubscription.graphql.js";
      const { commitMutation, createOperationDescriptor, fetchQuery, getRequest, requestSubscription } = relay;
      await new Promise((onCompleted, onError) => commitMutation(environment, { mutation: Trigger, variables: {}, onCompleted, onError }));
      const { liveCursor } = await fetchQuery(environment, Runs, {}).toPromise();
      const operation = createOperationDescriptor(getRequest(Runs), {});
      environment.retain(operation);
      const show = ({ data }) => console.log(JSON.stringify(data.runs.nodes.map(({ id, status }) => ({ id, status }))));
      const snapshot = environment.lookup(operation.fragment);
      environment.subscribe(snapshot, show);
      show(snapshot);
      requestSubscription(environment, { subscription: Changes, variables: { after: liveCursor } });`;
    await expectFollows("relay.js", code);
  });

  const SCALARS = '{ DateTime: "string", Date: "string", Cursor: "string", SafeInt: "number", JSONObject: "object" }';
  /** A module whose types say that a status is one of the enum's words, and nothing else. */
  const typed = (importing: string) => `${importing}
    import { GraphQLClient } from "graphql-request";
    const RUNS = graphql(\`query Typed { runs(first: 1) { totalCount nodes { id status startedAt } } }\`);
    const { runs } = await new GraphQLClient("http://127.0.0.1:4000/graphql").request(RUNS);
    const status: "PENDING" | "RUNNING" | "SUCCESS" | "FAILED" | "CANCELLED" | "UNKNOWN" | undefined = runs?.nodes[0]?.status;
    // @ts-expect-error it is no number
    const wrong: number | undefined = runs?.nodes[0]?.status;
    console.log(typeof runs?.totalCount, typeof status, typeof wrong);`;

  async function expectTyped(name: string, code: string): Promise<void> {
    await writeFile(path.join(project, name), here(code));
    const tsc = path.join(project, "node_modules/typescript/bin/tsc");
    const options =
      "--noEmit --strict --skipLibCheck --target esnext --module nodenext --allowImportingTsExtensions".split(" ");
    await run(process.execPath, [tsc, ...options, name], { cwd: project }).catch((error) => {
      throw new Error(String(error.stdout));
    });
    expect((await run(process.execPath, [name], { cwd: project })).stdout).toMatch(/^number (?:string|undefined) /);
  }

  it("codegen's client preset has types of what it asks for", async () => {
    await writeFile(
      path.join(project, "codegen.config.mjs"),
      `export default { schema: "schema.graphql", documents: "preset.ts", ignoreNoDocuments: true, generates: { "gql/": { preset: "client",
        config: { useTypeImports: true, enumType: "string-literal", scalars: ${SCALARS}, importExtension: ".ts" } } } };`,
    );
    const code = typed('import { graphql } from "./gql/index.ts";');
    await writeFile(path.join(project, "preset.ts"), code);
    const cli = path.join(project, "node_modules/.bin/graphql-codegen");
    await run(process.execPath, [cli, "--config", "codegen.config.mjs"], {
      cwd: project,
      // It leaves what it compiled there.
      env: { ...process.env, TMPDIR: project },
    }).catch((error) => {
      throw new Error(`${error.stdout}${error.stderr}`);
    });
    await expectTyped("preset.ts", code);
  });

  it("gql.tada has types of what it asks for", async () => {
    await writeFile(
      path.join(project, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          plugins: [
            { name: "gql.tada/ts-plugin", schema: "./schema.graphql", tadaOutputLocation: "./graphql-env.d.ts" },
          ],
        },
      }),
    );
    const cli = path.join(project, "node_modules/.bin/gql.tada");
    await run(process.execPath, [cli, "generate-output"], { cwd: project }).catch((error) => {
      throw new Error(`${error.stdout}${error.stderr}`);
    });
    await expectTyped(
      "tada.ts",
      typed(`import { initGraphQLTada } from "gql.tada";
        import type { introspection } from "./graphql-env.d.ts";
        const graphql = initGraphQLTada<{ introspection: introspection; scalars: { DateTime: string; SafeInt: number } }>();`),
    );
  });
});
