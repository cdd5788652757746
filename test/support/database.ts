import { randomBytes } from "node:crypto";
import postgres from "postgres";
import { inject } from "vitest";
import { type Database, openDatabase } from "../../src/db/client.ts";
import { TEMPLATE } from "./servers.ts";

export interface TestDatabase extends Database {
  readonly name: string;
}

/** The maintenance database of the server under test: PostgreSQL 18, or 15 in the project of that name. */
export function serverUrl(): string {
  const url = process.env["WEIR_TEST_POSTGRES"] === "15" ? inject("postgres15") : inject("postgres18");
  if (url === null) throw new Error("PostgreSQL 15 is not installed");
  return url;
}

/** A migrated database of its own with committed data; dropped when disposed. */
export async function createTestDatabase(options: { isEmpty?: boolean; max?: number } = {}): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  const admin = postgres(serverUrl(), { max: 1, onnotice: () => {} });
  await admin.unsafe(
    `create database ${name}${options.isEmpty === true ? "" : ` template ${TEMPLATE} strategy file_copy`}`,
  );
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  const database = openDatabase(url.href, { max: options.max ?? 30, name: "test" });
  return {
    ...database,
    name,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await admin.unsafe(`drop database if exists ${name} with (force)`);
      // A service has made it, for its reports.
      await admin.unsafe(`drop role if exists ${name}_reports`);
      await admin.end();
    },
  };
}

/** A role that may log in, and nothing else; gone with all it owns when disposed, before its database is. */
export async function createLogin(
  database: TestDatabase,
  attributes = "",
): Promise<{ readonly name: string; readonly url: string } & AsyncDisposable> {
  const name = `login_${randomBytes(6).toString("hex")}`;
  await database.sql.unsafe(`create role ${name} login ${attributes} password 'secret'`);
  const url = new URL(database.url);
  url.username = name;
  url.password = "secret";
  return {
    name,
    url: url.href,
    async [Symbol.asyncDispose]() {
      await database.sql.unsafe(`drop owned by ${name} cascade; drop role ${name}`);
    },
  };
}
