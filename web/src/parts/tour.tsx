import { useState } from "react";
import { CopyButton } from "./peek.tsx";

const KEPT = "weir.tour";

/** The demo prints an address with ?tour; the tab remembers it. */
function isOnTour(): boolean {
  if (new URLSearchParams(location.search).has("tour")) sessionStorage.setItem(KEPT, "on");
  return sessionStorage.getItem(KEPT) === "on";
}

const graphql = (query: string) =>
  `curl -s ${location.origin}/graphql -H 'content-type: application/json' -d '${JSON.stringify({ query })}'`;

/** What to try, and what is then to be seen. */
const TRIES = [
  {
    name: "Insert by SQL",
    seen: "A log that fails is in the list below within a second: the database tells, no program has to.",
    command: `psql "$(cat .weir/database-url)" -c "insert into ingest.file_statuses (file_path, type, status, error_message) values ('/logs/by-hand.log', 'Log', 'failed', 'typed by hand')"`,
  },
  {
    name: "Kill a driver",
    seen: "A stage is claimed by a driver that never beats again: after 15 s its lease ends and another goes on.",
    command: graphql(
      `mutation { triggerRun(sourceTablename: "shop.customers") { id } claimStage(driverContainer: "source_driver", worker: "killed", leaseSeconds: 15) { runId } }`,
    ),
  },
  {
    name: "Break a report",
    seen: "A report with a mistake fails, three times in a row, and is then left alone for a while.",
    command: graphql(
      `mutation { createCustomReportManifest(input: { agencyId: 0, agencySlug: "north", tableName: "broken", reportName: "Broken by hand", query: "SELECT no_such_column FROM ingest.files", scheduleMinutes: 1 }) { id } refreshReport(tableName: "broken") { id } }`,
    ),
  },
] as const;

/** The demo's strip: what may be tried, with commands to copy. */
export function Tour() {
  const [isOn, setOn] = useState(isOnTour);
  const [open, setOpen] = useState<string | null>(null);
  if (!isOn) return null;
  const tried = TRIES.find(({ name }) => name === open);
  return (
    <section className="card tour" aria-label="Things to try">
      <div className="bar">
        <b>This is the demo. Try:</b>
        {TRIES.map(({ name }) => (
          <button
            key={name}
            type="button"
            className="chip"
            aria-expanded={name === open}
            onClick={() => setOpen(name === open ? null : name)}
          >
            {name}
          </button>
        ))}
        <button
          type="button"
          className="btn q r"
          onClick={() => {
            sessionStorage.removeItem(KEPT);
            setOn(false);
          }}
        >
          Hide
        </button>
      </div>
      {tried === undefined ? null : (
        <div className="col">
          <p className="mid">{tried.seen}</p>
          <code className="code">{tried.command}</code>
          <CopyButton text={tried.command} name="Copy the command" />
        </div>
      )}
    </section>
  );
}
