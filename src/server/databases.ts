import { readFileSync } from "node:fs";
import { z } from "zod";
import { OWN_DATABASE } from "../db/reports/tables.ts";

const connection = z.strictObject({
  url: z.string().refine((value) => /^postgres(?:ql)?:$/.test(URL.parse(value)?.protocol ?? ""), {
    error: "is not a URL like postgres://user@host:5432/database",
  }),
  passwordEnv: z.string().min(1, "is empty").optional(),
});
const databases = z.record(z.string(), connection);
const NUMBER = /^[1-9]\d{0,8}$/;

/** URLs of the databases that manifests may name besides the service's own, by id; or why the file can't be used. */
export function readDatabases(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<number, string> | string {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    return error instanceof SyntaxError ? "the file is no JSON" : "the file can't be read";
  }
  const parsed = databases.safeParse(content);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return `${issue?.path.join(".") ?? ""} ${issue?.message ?? "is wrong"}`.trim();
  }
  const urls = new Map<number, string>();
  for (const [id, { url, passwordEnv }] of Object.entries(parsed.data)) {
    if (!NUMBER.test(id)) return `${JSON.stringify(id)} is no number of a database; use whole numbers from 2`;
    if (Number(id) === OWN_DATABASE) return `${OWN_DATABASE} is the service's own database, which DATABASE_URL names`;
    const full = new URL(url);
    if (passwordEnv !== undefined) {
      const password = environment[passwordEnv];
      if (password === undefined || password === "") return `${id}.passwordEnv names ${passwordEnv}, which is not set`;
      full.password = encodeURIComponent(password);
    }
    urls.set(Number(id), full.href);
  }
  return urls;
}
