import { bigint, boolean, jsonb, pgSchema, text, uuid } from "drizzle-orm/pg-core";
import { instant, xid8 } from "./columns.ts";

/** The change feed and what the service itself needs. Made by hand-written migrations: partitions are beyond drizzle's model. */
export const weir = pgSchema("weir");

/** One row: which feed this is. */
export const feed = weir.table("feed", {
  id: uuid().notNull().defaultRandom(),
  forgottenXid: xid8("forgotten_xid").notNull(),
  singleton: boolean().primaryKey().default(true),
});

/** One row for each announced change of a row, written by triggers alone; partitioned by day of `at`. */
export const change = weir.table("change", {
  seq: bigint({ mode: "number" }).notNull(),
  xid: xid8().notNull(),
  at: instant().notNull(),
  topic: text().notNull(),
  key: text().notNull(),
  operation: text().notNull(),
  row: jsonb().notNull(),
  isCarried: boolean("is_carried").notNull(),
  isCurrent: boolean("is_current"),
  actor: text(),
});

/** First answers of requests that carried an idempotency key. */
export const idempotency = weir.table("idempotency", {
  operation: text().notNull(),
  actor: text().notNull(),
  key: text().notNull(),
  inputHash: text("input_hash").notNull(),
  result: jsonb().notNull(),
  at: instant().notNull(),
});
