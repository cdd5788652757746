import postgres, { type Sql } from "postgres";
import { z } from "zod";

const creds = z.object({
  host: z.string(),
  port: z.coerce.number().int().default(5432),
  dbname: z.string(),
  user: z.string(),
  password: z.string().optional(),
});

/** Connects with the details that a claim carries. Throws when there are none, or they lack something. */
export function connect(what: string, details: Readonly<Record<string, unknown>> | null | undefined): Sql {
  if (details == null) throw new Error(`the pipeline names no ${what}, or its credentials can't be read`);
  const parsed = creds.safeParse(details);
  if (!parsed.success) throw new Error(`the credentials of the ${what} lack ${parsed.error.issues[0]?.path.join(".")}`);
  const { host, port, dbname, user, password } = parsed.data;
  return postgres({
    host,
    port,
    database: dbname,
    username: user,
    ...(password === undefined ? {} : { password }),
    max: 1,
    connect_timeout: 10,
    onnotice: () => {},
    connection: { application_name: "table-sync", TimeZone: "UTC" },
  });
}

export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A table's name as it is configured, `schema.table` or `table`, quoted. */
export function tableIdentifier(name: string): string {
  const [schema, ...rest] = name.split(".");
  const table = rest.join(".");
  return table === "" ? `public.${identifier(schema ?? "")}` : `${identifier(schema ?? "")}.${identifier(table)}`;
}
