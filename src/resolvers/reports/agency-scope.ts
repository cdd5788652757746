import { type Column, inArray, type SQL } from "drizzle-orm";
import { type Condition, when } from "../../feed/conditions.ts";
import type { Topic } from "../../feed/topics.ts";
import type { Viewer } from "../viewer.ts";

type Scoped = { readonly viewer: Viewer };

/** The agencies whose reports the viewer sees; null: all. Everything that reads reports passes through this file. */
export function agencyScope({ viewer }: Scoped): readonly string[] | null {
  return viewer.agencySlugs ?? null;
}

/** For lists and counts by hand-written SQL. */
export function withinAgencies(scope: readonly string[] | null, agencySlug: Column): SQL | undefined {
  return scope === null ? undefined : inArray(agencySlug, [...scope]);
}

/** For filters. */
export function withinScope(context: Scoped): Condition<"agencySlug">[] {
  return when(agencyScope(context), (slugs) => ({ column: "agencySlug", in: slugs }));
}

/** For subscriptions to a whole topic. */
export function scopeConditions(context: Scoped, topic: Topic): Condition<"agencySlug">[] {
  return topic === "SEEDER_JOB" || topic === "SEEDER_RUN" ? withinScope(context) : [];
}

/** For one row: null when the viewer does not see it. */
export function ifVisible<Row extends { readonly agencySlug: string }>(context: Scoped, row: Row | null): Row | null {
  const scope = agencyScope(context);
  return row === null || scope === null || scope.includes(row.agencySlug) ? row : null;
}
