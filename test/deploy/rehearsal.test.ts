import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { appendFile, chmod, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { until } from "../support/reports.ts";

const run = promisify(execFile);
const NSPAWN = "/usr/bin/systemd-nspawn";

/** What is missing for a Debian in a folder, booted by a systemd of its own; it takes minutes, and packages from the network. */
function reasonNotTo(): string | undefined {
  if (process.env["WEIR_TEST_DEBIAN"] === undefined)
    return "WEIR_TEST_DEBIAN is not set: it takes minutes and packages";
  if (process.getuid?.() !== 0) return "it takes root";
  const missing = ["/usr/sbin/debootstrap", NSPAWN, "/usr/bin/nsenter"].find((program) => !existsSync(program));
  return missing === undefined ? undefined : `${missing} is not installed`;
}
const why = reasonNotTo();
if (why !== undefined) console.log(`rehearsal.test.ts: skipped, since ${why}`);

/** The blocks of commands, up to those for several machines. */
async function stepsOf(file: string): Promise<readonly string[]> {
  const [text = ""] = (await readFile(file, "utf8")).split("## Behind a proxy");
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => `set -eu\n${block}`);
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Runs before systemd does, with the network of this machine: nothing is started by it. */
async function runInside(root: string, script: string): Promise<void> {
  // The registry's and the mirror's certificates are checked by what this machine trusts.
  const binds = ["/etc/resolv.conf", "/etc/ssl/certs"].filter((file) => existsSync(file));
  await run(
    NSPAWN,
    [
      "-q",
      "-D",
      root,
      "--as-pid2",
      "--register=no",
      "--keep-unit",
      `--setenv=PATH=${PATH}`,
      "--setenv=DEBIAN_FRONTEND=noninteractive",
      "--setenv=HOME=/root",
      "--setenv=NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt",
      ...binds.map((file) => `--bind-ro=${file}`),
      "bash",
      "-c",
      script,
    ],
    { maxBuffer: 64 * 1024 * 1024 },
  );
}

/** The first process inside; it is the child of systemd-nspawn's child. */
async function systemdOf(nspawn: ChildProcess): Promise<number> {
  const childrenOf = (pid: number) =>
    execFileSync("ps", ["--ppid", String(pid), "-o", "pid=,comm="], { encoding: "utf8" })
      .trim()
      .split("\n")
      .map((line) => ({ pid: Number.parseInt(line, 10), name: line.trim().split(/\s+/)[1] }));
  const find = async () => {
    try {
      const [inner] = [...childrenOf(nspawn.pid ?? 0)];
      const all = inner === undefined ? [] : [inner, ...childrenOf(inner.pid)];
      return all.find(({ name }) => name === "systemd")?.pid;
    } catch {
      return undefined;
    }
  };
  return (await until(find, (pid) => pid !== undefined)) ?? 0;
}

it.skipIf(why !== undefined)(
  "the steps of docs/deploy.md, as written, lead from an empty Debian 12 to a service under systemd with metrics and alerts",
  async () => {
    const root = await mkdtemp(path.join(os.tmpdir(), "weir-debian-"));
    // It is the root of others than root.
    await chmod(root, 0o755);
    let nspawn: ChildProcess | undefined;
    try {
      const include = "--include=ca-certificates,systemd,systemd-sysv,dbus";
      await run("debootstrap", ["--variant=minbase", include, "bookworm", root], { maxBuffer: 64 * 1024 * 1024 });
      const steps = await stepsOf("docs/deploy.md");
      const isOfSystemd = (step: string) => step.includes("systemctl");
      expect(steps.filter(isOfSystemd)).toHaveLength(2);
      // "Put a release into /opt/weir".
      await mkdir(path.join(root, "opt/weir"), { recursive: true });
      const release = execFileSync("git", ["archive", "HEAD"], { maxBuffer: 1024 ** 3 });
      execFileSync("tar", ["-x", "-C", path.join(root, "opt/weir")], { input: release });
      for (const step of steps.filter((one) => !isOfSystemd(one))) await runInside(root, step);

      await appendFile(path.join(root, "etc/weir/weir.env"), "WEIR_LOG_LEVEL=debug\n");
      // Without a network but its own loopback: nothing of it is seen from outside.
      nspawn = spawn(NSPAWN, ["-q", "-D", root, "-b", "--private-network", "--register=no", "--keep-unit"], {
        stdio: "ignore",
      });
      const systemd = await systemdOf(nspawn);
      const inside = async (script: string): Promise<string> => {
        const args = ["-t", String(systemd), "-m", "-u", "-i", "-n", "-p", "env", "-i", `PATH=${PATH}`, "bash", "-c"];
        return (await run("nsenter", [...args, script])).stdout;
      };
      await until(
        () => inside("timeout 5 systemctl is-active multi-user.target || true").catch(() => ""),
        (state) => state === "active\n",
      );
      for (const step of steps.filter(isOfSystemd)) await inside(step);

      expect(await inside("systemctl is-active weir prometheus; systemctl show weir -p User")).toBe(
        "active\nactive\nUser=weir\n",
      );
      const made = await inside(
        "cd /opt/weir && runuser -u weir -- env WEIR_DATA_DIR=/var/lib/weir node bin/weir.js token create --role admin me",
      );
      const ask = (header: string) =>
        inside(
          `curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:4000/graphql ${header} -H 'content-type: application/json' -d '{"query":"{ liveCursor }"}'`,
        );
      await until(
        () => ask(""),
        (status) => status === "401",
      );
      expect(await ask(`-H 'authorization: Bearer ${made.trim()}'`)).toBe("200");
      await until(
        () => inside("curl -s 'http://127.0.0.1:9090/api/v1/query?query=weir_feed_live'"),
        (answer) => answer.includes('"1"'),
      );
      // As an upgrade does it.
      await inside("systemctl restart weir && curl -fsS --retry 30 --retry-connrefused http://127.0.0.1:4000/ready");
      expect(await inside("journalctl -u weir -o cat")).toContain("Weir has stopped");
    } finally {
      if (nspawn !== undefined && nspawn.exitCode === null) {
        const ended = once(nspawn, "exit");
        nspawn.kill("SIGTERM");
        await ended;
      }
      await rm(root, { recursive: true, force: true, maxRetries: 10 });
    }
  },
  900_000,
);
