import { act } from "./act.ts";
import { ask } from "./confirm.tsx";
import { CancelRunDocument, RetryRunDocument, TriggerRunDocument } from "./gql/graphql.ts";
import { hrefOf } from "./places.ts";
import { useSession } from "./session.ts";
import { weir } from "./weir.ts";

interface LatestRun {
  readonly id: string;
  readonly status: string;
}

function retry(table: string, id: string): void {
  void act(async () => {
    const { retryRun } = await weir.mutate(RetryRunDocument, { id });
    return { text: `It is retried as run ${retryRun.id}.`, href: hrefOf("RUN", retryRun.id, table) };
  });
}

async function cancel(table: string, id: string): Promise<void> {
  if (!(await ask(`Run ${id} of ${table} ends. Its driver learns it at its next heartbeat.`, "Cancel run"))) return;
  await act(async () => {
    await weir.mutate(CancelRunDocument, { id });
    return { text: `Run ${id} is cancelled.` };
  });
}

function trigger(table: string): void {
  void act(async () => {
    const { triggerRun } = await weir.mutate(TriggerRunDocument, { table });
    return { text: `Run ${triggerRun.id} of ${table} waits for a driver.`, href: hrefOf("RUN", triggerRun.id, table) };
  });
}

/** The one thing that may be done about a table's newest run; nothing for those who may only look. */
export function RunAction({
  table,
  run,
  mayTrigger = true,
}: {
  table: string;
  run: LatestRun | null | undefined;
  mayTrigger?: boolean;
}) {
  const { mayAct } = useSession();
  if (!mayAct) return null;
  if (run != null && (run.status === "FAILED" || (run.status === "CANCELLED" && !mayTrigger))) {
    return (
      <button
        type="button"
        className="btn"
        title="A new run that goes on at the stage that failed"
        onClick={() => retry(table, run.id)}
      >
        Retry
      </button>
    );
  }
  if (run != null && (run.status === "RUNNING" || run.status === "PENDING")) {
    return (
      <button type="button" className="btn q" onClick={() => void cancel(table, run.id)}>
        Cancel
      </button>
    );
  }
  if (!mayTrigger) return null;
  return (
    <button type="button" className="btn q" title={`A new run of ${table}`} onClick={() => trigger(table)}>
      Run
    </button>
  );
}
