import { type Column, inArray, type SQL } from "drizzle-orm";
import type { Viewer } from "../context.ts";

type Scoped = { readonly viewer: Viewer };

/** The agencies whose reports the viewer sees; null: all. Everything that reads the seeder passes through this file. */
export function agencyScope({ viewer }: Scoped): readonly string[] | null {
  return viewer.agencySlugs ?? null;
}

/** For lists and counts. */
export function withinAgencies(scope: readonly string[] | null, agencySlug: Column): SQL | undefined {
  return scope === null ? undefined : inArray(agencySlug, [...scope]);
}

/** For one row: null when the viewer does not see it. */
export function ifVisible<Row extends { readonly agencySlug: string }>(context: Scoped, row: Row | null): Row | null {
  const scope = agencyScope(context);
  return row === null || scope === null || scope.includes(row.agencySlug) ? row : null;
}
