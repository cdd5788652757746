import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isFetched } from "../support/fixtures.ts";

const FOLDER = path.resolve("test/fixtures/relay");
const COMPILER = path.join(FOLDER, "node_modules/relay-compiler/cli.js");
const run = promisify(execFile);

const isThere = await isFetched("relay", "relay.test.ts");

const CONFIG = {
  src: "./src",
  language: "typescript",
  schema: "./schema.graphql",
  eagerEsModules: true,
  customScalarTypes: { DateTime: "string", Date: "string", Cursor: "string", SafeInt: "number", JSONObject: "object" },
  schemaConfig: { nodeInterfaceIdField: "nodeId", nodeInterfaceIdVariableName: "nodeId" },
};

const DOCUMENTS = {
  RunPanel: `fragment RunPanel_run on Run @refetchable(queryName: "RunPanelRefetchQuery") { id status stages { stageName log { id status } } }`,
  RunPage: `query RunPageQuery($id: ID!) { run(id: $id) { ...RunPanel_run } }`,
  RunList: `fragment RunList_pipeline on Pipeline
    @refetchable(queryName: "RunListPaginationQuery")
    @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" }) {
    runs(first: $count, after: $cursor) @connection(key: "RunList_runs") { edges { node { id status } } } }`,
  RunLive: `subscription RunLiveSubscription($after: Cursor) { runChanged(after: $after) { cursor run { ...RunPanel_run } } }`,
};

describe.skipIf(!isThere)("Relay's compiler", () => {
  let project: string;
  beforeAll(async () => {
    project = await mkdtemp(path.join(os.tmpdir(), "weir-relay-"));
    await mkdir(path.join(project, "src"));
    await copyFile("schema.graphql", path.join(project, "schema.graphql"));
    await writeFile(path.join(project, "relay.config.json"), JSON.stringify(CONFIG));
    for (const [name, text] of Object.entries(DOCUMENTS)) {
      const code = `import { graphql } from "relay-runtime";\nexport const document = graphql\`${text}\`;\n`;
      await writeFile(path.join(project, "src", `${name}.ts`), code);
    }
  });
  afterAll(() => rm(project, { recursive: true, force: true }));

  it("takes the schema, and makes of a refetchable fragment a query for its node by the global id", async () => {
    await run(process.execPath, [COMPILER, "relay.config.json", "--repersist"], { cwd: project }).catch((error) => {
      throw new Error(`${error.stdout}${error.stderr}`);
    });
    const generated = path.join(project, "src/__generated__");
    const names = (await readdir(generated)).map((file) => file.replace(".graphql.ts", "")).toSorted();
    expect(names).toEqual([
      "RunListPaginationQuery",
      "RunList_pipeline",
      "RunLiveSubscription",
      "RunPageQuery",
      "RunPanelRefetchQuery",
      "RunPanel_run",
    ]);
    const refetch = await readFile(path.join(generated, "RunPanelRefetchQuery.graphql.ts"), "utf8");
    expect(refetch).toContain(
      String.raw`node(nodeId: $nodeId) {\n    __typename\n    ...RunPanel_run\n    nodeId\n  }`,
    );
  });
});
