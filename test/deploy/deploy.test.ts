import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { parseEnv } from "node:util";
import { expect, it } from "vitest";
import { flagsOfStart } from "../support/process.ts";
import { environmentOfRun } from "../support/run-folder.ts";

const read = (file: string) => readFile(file, "utf8");
const blocksOf = (text: string) => [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);

/** A value of the unit; the last one, as systemd has it. */
function valueOf(unit: string, name: string): string {
  return [...unit.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].at(-1)?.[1] ?? "";
}

it("the steps name only files that there are", async () => {
  const named = blocksOf(await read("docs/deploy.md"))
    .join("\n")
    .match(/\/opt\/weir\/[\w./-]+/g);
  expect(named?.length).toBeGreaterThan(2);
  expect(named?.map((file) => file.replace("/opt/weir/", "")).filter((file) => !existsSync(file))).toEqual([]);
});

it("unit and image give Node what npm start gives it", async () => {
  const flags = await flagsOfStart();
  const unit = valueOf(await read("deploy/systemd/weir.service"), "ExecStart");
  const [, entry = ""] = /^ENTRYPOINT (.*)$/m.exec(await read("deploy/Dockerfile")) ?? [];
  const compose = await read("deploy/compose.yml");
  expect(unit.split(" ").slice(1)).toEqual([...flags, "bin/weir.js", "serve"]);
  expect(JSON.parse(entry)).toEqual(["node", ...flags, "bin/weir.js"]);
  expect(compose).toContain(`exec node ${flags.join(" ")} bin/weir.js serve`);
});

it("the unit's command serves with the settings that the steps write, and metrics beside", async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "weir-deploy-"));
  await chmod(folder, 0o755);
  const [etc, data] = [path.join(folder, "etc"), path.join(folder, "data")];
  await mkdir(etc);
  await mkdir(data);
  try {
    const settings = blocksOf(await read("docs/deploy.md")).find((block) =>
      block.startsWith("cat >/etc/weir/weir.env"),
    );
    // But for the owner: there is no user weir here.
    const [script = ""] = settings?.replaceAll("/etc/weir", etc).split("chown ") ?? [];
    execFileSync("bash", ["-euc", script]);
    const unit = await read("deploy/systemd/weir.service");
    const [, ...args] = valueOf(unit, "ExecStart").split(" ");
    const child = spawn(process.execPath, args, {
      env: {
        PATH: process.env["PATH"],
        ...environmentOfRun(),
        ...parseEnv(valueOf(unit, "Environment").replaceAll(" ", "\n")),
        ...parseEnv(await read(path.join(etc, "weir.env"))),
        WEIR_DATA_DIR: data,
        WEIR_PORT: "0",
        WEIR_METRICS_PORT: "0",
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    const urls: Record<string, string> = {};
    for await (const line of createInterface({ input: child.stdout })) {
      const { url, msg } = JSON.parse(line);
      if (url !== undefined) urls[msg] = url;
      if (msg === "Weir listens") break;
    }
    const ready = await fetch(new URL("/ready", urls["Weir listens"]));
    const metrics = await fetch(urls["Weir's metrics are served"] ?? "");
    child.kill("SIGTERM");
    const [code] = await exited;
    expect([ready.status, metrics.status, code]).toEqual([200, 200, 0]);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  }
});

it.runIf(existsSync("/usr/bin/systemd-analyze"))("systemd understands every line of the unit", () => {
  let said = "";
  try {
    execFileSync("/usr/bin/systemd-analyze", ["verify", "deploy/systemd/weir.service"], { stdio: "pipe" });
  } catch (error) {
    said = String((error as { stderr: Buffer }).stderr);
  }
  // It is not installed here.
  const left = said.split("\n").filter((line) => line !== "" && !/not executable: No such file/.test(line));
  expect(left).toEqual([]);
});
