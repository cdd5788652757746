import { act } from "./act.ts";
import { ask } from "./confirm.tsx";
import { CancelRefreshDocument, RefreshAllDocument, RefreshReportDocument, type ReportType } from "./gql/graphql.ts";
import { hrefOf } from "./places.ts";
import { useSession } from "./session.ts";
import { weir } from "./weir.ts";
import { many } from "./words.ts";

function refresh(table: string): void {
  void act(async () => {
    await weir.mutate(RefreshReportDocument, { table });
    return { text: `${table} is queued.`, href: hrefOf("SEEDER_JOB", table) };
  });
}

function cancel(table: string): void {
  void act(async () => {
    await weir.mutate(CancelRefreshDocument, { table });
    return { text: `The refresh of ${table} is taken back.` };
  });
}

/** What may be done about a report: while it cools the service would refuse to refresh it. */
export function RefreshAction({
  table,
  status,
  coolingUntil,
}: {
  table: string;
  status: string | null;
  coolingUntil?: string | null | undefined;
}) {
  const { mayAct } = useSession();
  if (!mayAct || status === "RUNNING" || coolingUntil != null) return null;
  return status === "PENDING" ? (
    <button type="button" className="btn q" title="Takes it out of the queue" onClick={() => cancel(table)}>
      Cancel
    </button>
  ) : (
    <button type="button" className="btn" onClick={() => refresh(table)}>
      Refresh now
    </button>
  );
}

async function refreshAll(type: ReportType): Promise<void> {
  const name = type.toLowerCase();
  const text = `All enabled ${name} reports are queued, those of all agencies; those that cool down are left alone.`;
  if (!(await ask(text, `Refresh all ${name}`))) return;
  await act(async () => {
    const { refreshAllReports } = await weir.mutate(RefreshAllDocument, { type });
    return { text: `${many(refreshAllReports.length, "report")} queued.` };
  });
}

/** Refreshes all reports of a type. */
export function RefreshAll() {
  const { mayAct } = useSession();
  if (!mayAct) return null;
  return (["CUSTOM", "CANNED"] as const).map((type) => (
    <button key={type} type="button" className="btn" onClick={() => void refreshAll(type)}>
      Refresh all {type.toLowerCase()}
    </button>
  ));
}
