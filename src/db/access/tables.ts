import { bigint, jsonb, pgSchema } from "drizzle-orm/pg-core";
import { bytewiseText, instant } from "../columns.ts";

/** The service's own tables; those of the feed stand in hand-written migrations alone. */
const weir = pgSchema("weir");

/** What a token may be limited to: the four systems that are gauged. */
export const SYSTEMS = ["ingest", "pipelines", "documents", "reports"] as const;
export type System = (typeof SYSTEMS)[number];

/** Roles, each including the ones before it. */
export const ROLES = ["VIEWER", "WORKER", "ADMIN"] as const;
export type Role = (typeof ROLES)[number];

/** Who may ask. Null in a list's place: no limit. */
export const apiTokens = weir.table("api_tokens", {
  id: bigint({ mode: "number" }).generatedByDefaultAsIdentity().primaryKey(),
  name: bytewiseText().notNull(),
  /** SHA-256 of the secret, in hex. */
  hash: bytewiseText().notNull(),
  role: bytewiseText().$type<Role>().notNull(),
  agencySlugs: jsonb("agency_slugs").$type<readonly string[]>(),
  systems: jsonb().$type<readonly System[]>(),
  driverContainers: jsonb("driver_containers").$type<readonly string[]>(),
  createdAt: instant("created_at").notNull(),
  /** Null: never. */
  expiresAt: instant("expires_at"),
  lastUsedAt: instant("last_used_at"),
  revokedAt: instant("revoked_at"),
});
export type ApiTokenRow = typeof apiTokens.$inferSelect;

/** What administrators did. Append-only: the database refuses anything else. */
export const audit = weir.table("audit", {
  id: bigint({ mode: "number" }).primaryKey(),
  at: instant().notNull(),
  /** Name of the viewer; '' without authentication. */
  actor: bytewiseText().notNull(),
  /** Where the request came from; null: from the command line. */
  address: bytewiseText(),
  action: bytewiseText().notNull(),
  arguments: jsonb().$type<Readonly<Record<string, unknown>>>().notNull(),
});
export type AuditRow = typeof audit.$inferSelect;

/** Rows of configuration that an administrator's mutation changed, written by triggers. */
export const auditChanges = weir.table("audit_change", {
  id: bigint({ mode: "number" }).primaryKey(),
  auditId: bigint("audit_id", { mode: "number" }).notNull(),
  table: bytewiseText().notNull(),
  operation: bytewiseText().$type<"INSERT" | "UPDATE" | "DELETE">().notNull(),
  before: jsonb().$type<Readonly<Record<string, unknown>>>(),
  after: jsonb().$type<Readonly<Record<string, unknown>>>(),
});
export type AuditChangeRow = typeof auditChanges.$inferSelect;
