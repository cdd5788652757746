import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { parseEnv } from "node:util";
import { expect, it } from "vitest";
import { parse } from "yaml";
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

it("what the image's build is given has all that building the pages takes", async () => {
  const lines = (await read(".dockerignore")).trim().split("\n");
  expect(lines[0]).toBe("*");
  const context = await mkdtemp(path.join(os.tmpdir(), "weir-context-"));
  try {
    for (const name of lines.filter((line) => line.startsWith("!")).map((line) => line.slice(1)))
      await cp(name, path.join(context, name), {
        recursive: true,
        filter: (file) => !lines.includes(file) && !file.includes("node_modules"),
      });
    expect(existsSync(path.join(context, "web/dist"))).toBe(false);
    await symlink(path.resolve("node_modules"), path.join(context, "node_modules"));
    execFileSync(process.execPath, ["scripts/build-web.ts", "--force"], { cwd: context, stdio: "pipe" });
    expect(existsSync(path.join(context, "web/dist/index.html"))).toBe(true);
    // And all that the image takes from it.
    const taken = [...(await read("deploy/Dockerfile")).matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(
      ([, names = ""]) => names.split(" "),
    );
    expect(taken.filter((name) => !existsSync(path.join(context, name)))).toEqual([]);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
});

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { file: string }>>;
  readonly configs: Readonly<Record<string, { content: string }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}
interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly entrypoint?: readonly string[];
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly configs?: readonly { readonly source: string }[];
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
}

it("compose names only what it has, gives the service its secrets, and nginx a configuration that it takes", async () => {
  const compose = parse(await read("deploy/compose.yml"), { merge: true }) as Compose;
  const services = Object.values(compose.services);
  expect(Object.keys(compose.services).toSorted()).toEqual(["nginx", "postgres", "weir-1", "weir-2"]);
  for (const { build, secrets = [], configs = [], volumes = [], depends_on: needed = [] } of services) {
    if (build !== undefined) expect(existsSync(path.join("deploy", build.context, build.dockerfile))).toBe(true);
    const needs: readonly string[] = Array.isArray(needed) ? needed : Object.keys(needed);
    expect(needs.filter((name) => !(name in compose.services))).toEqual([]);
    expect(secrets.filter((name) => !(name in compose.secrets))).toEqual([]);
    expect(configs.filter(({ source }) => !(source in compose.configs))).toEqual([]);
    expect(volumes.filter((volume) => !((volume.split(":")[0] ?? "") in compose.volumes))).toEqual([]);
  }
  // Compose replaces variables: what is meant for the shell is written with two dollars.
  const unescaped = (text: string) => {
    expect(text.replaceAll("$$", "")).not.toContain("$");
    return text.replaceAll("$$", "$");
  };
  const folder = await mkdtemp(path.join(os.tmpdir(), "weir-compose-"));
  try {
    for (const name of Object.keys(compose.secrets)) await writeFile(path.join(folder, name), `the-${name}\n`);
    const [shell = "", flag = "", command = ""] = compose.services["weir-1"]?.entrypoint ?? [];
    const told = unescaped(command)
      .replaceAll("/run/secrets", folder)
      .replace(/exec node .*/, 'echo "$WEIR_SECRET_KEY $DATABASE_URL"');
    expect(execFileSync(shell, [flag, told], { encoding: "utf8" })).toBe(
      "the-secret-key postgres://weir:the-postgres-password@postgres/weir\n",
    );
    if (!existsSync("/usr/sbin/nginx")) return;
    const config = unescaped(compose.configs["nginx"]?.content ?? "").replaceAll(/weir-[12]:/g, "127.0.0.1:");
    await writeFile(path.join(folder, "site.conf"), config);
    const whole = `pid ${folder}/pid; error_log stderr; events {} http { access_log off; include ${folder}/site.conf; }`;
    await writeFile(path.join(folder, "nginx.conf"), whole);
    execFileSync("/usr/sbin/nginx", ["-t", "-e", "stderr", "-c", path.join(folder, "nginx.conf")], { stdio: "pipe" });
    // The same as in the file for a machine, but for names and what one machine alone needs.
    const directives = (text: string) =>
      new Set(
        text
          .match(/^\s*(?:proxy|keepalive|client|least)\w*[^;]*;/gm)
          ?.map((line) => line.trim().replaceAll(/\s+/g, " ")),
      );
    const [own, given] = [directives(config), directives(await read("deploy/nginx/weir.conf"))];
    expect([...own].filter((line) => !given.has(line))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
