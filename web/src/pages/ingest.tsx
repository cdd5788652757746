import { Link, useParams } from "wouter";
import { useNow } from "../clock.ts";
import {
  IngestDaysDocument,
  type IngestDaysQuery,
  type LogFileFilter,
  LogListDocument,
  type LogListQuery,
} from "../gql/graphql.ts";
import { usePages } from "../pages.ts";
import { Chip, Mark, StatusMark, When } from "../parts/basics.tsx";
import { FilePeek, LogPeek } from "../parts/ingest-peek.tsx";
import { Filter, List, Nothing, Order, useFilters, useKeptFilters } from "../parts/list.tsx";
import { Path } from "../parts/path.tsx";
import { Split } from "../parts/peek.tsx";
import { SegmentStrip } from "../parts/segments.tsx";
import { useQuery } from "../query.ts";
import { useSession } from "../session.ts";
import { figure } from "../words.ts";

const TOPICS = ["FILE_STATUS", "HL7_FILE"];
const STATES: readonly {
  readonly state: string;
  readonly name: string;
  readonly mark: string;
  readonly filter: LogFileFilter;
}[] = [
  { state: "", name: "All logs", mark: "", filter: {} },
  { state: "STUCK", name: "Stuck", mark: "watch", filter: { isStuck: true } },
  { state: "HL7_FAILED", name: "With failed files", mark: "failed", filter: { hl7Status: ["FAILED"] } },
  { state: "FAILED", name: "Logs that failed", mark: "failed", filter: { status: ["FAILED"] } },
  { state: "STAGED", name: "Staged", mark: "moving", filter: { hl7Status: ["STAGED"] } },
];
const ORDERS = [
  { value: "RECENT_FIRST", name: "last change first" },
  { value: "DATE", name: "by date" },
] as const;

type Log = LogListQuery["logFiles"]["nodes"][number];

/** Whether files of it are staged for longer than they should be. */
function isStuck(log: Log, minutes: number, now: number): boolean {
  return log.hl7FileCounts.staged > 0 && log.changedAt != null && now - Date.parse(log.changedAt) > minutes * 60_000;
}

function cells(log: Log, href: string, isLate: boolean) {
  const { logFilePath, date, currentStatus, hl7FileCounts, changedAt, segmentStatuses } = log;
  const hasFailed = hl7FileCounts.failed > 0 || currentStatus?.status === "FAILED";
  return (
    <>
      <td>
        <div className="flex">
          {isLate && !hasFailed ? (
            <Mark name="watch" tone="watch" word="stuck" />
          ) : (
            <StatusMark status={hasFailed ? "FAILED" : hl7FileCounts.staged > 0 ? "STAGED" : currentStatus?.status} />
          )}
          <Link data-row data-needs={hasFailed ? "" : undefined} className="ell" href={href}>
            <Path path={logFilePath} />
          </Link>
        </div>
      </td>
      <td className="p2 segs">
        {currentStatus?.status === "FAILED" ? (
          <span className="failed ell">{currentStatus.errorMessage}</span>
        ) : (
          <SegmentStrip statuses={segmentStatuses} isStuck={isLate} />
        )}
      </td>
      <td className={`num p2 ${isLate ? "watch b" : ""}`}>{figure(hl7FileCounts.staged)}</td>
      <td className="num p2">{figure(hl7FileCounts.ingested)}</td>
      <td className={`num ${hl7FileCounts.failed > 0 ? "failed b" : ""}`}>{figure(hl7FileCounts.failed)}</td>
      <td className="p2">{date}</td>
      <td>
        <When at={changedAt} />
      </td>
    </>
  );
}

const DAYS = 30;

/** HL7 files by log date; a click shows the logs of a day, another with Shift held those up to it. */
function Days({ summary }: { summary: IngestDaysQuery["ingestSummary"] }) {
  const { value, set } = useFilters();
  const days = summary.byDate.slice(-DAYS);
  const [from = "", to = from] = value("date").split("..");
  const most = Math.max(1, ...days.map(({ hl7Files }) => hl7Files.total));
  if (days.length < 2) return null;
  return (
    <section className="card pad lead">
      <div className="h">
        <h2>HL7 files by log date</h2>
        <span className="dim">{days.length} days; Shift and a click for a range</span>
      </div>
      <div className="days">
        {days.map(({ date, hl7Files }) => {
          const share = (count: number) => ({ height: `${(100 * count) / most}%` });
          const isOn = from !== "" && date >= from && date <= to;
          return (
            <button
              key={date}
              type="button"
              aria-pressed={isOn}
              aria-label={`${date}: ${hl7Files.total} files, ${hl7Files.failed} failed`}
              title={`${date}: ${figure(hl7Files.ingested)} ingested, ${figure(hl7Files.staged)} staged, ${figure(hl7Files.failed)} failed`}
              onClick={(event) => {
                if (event.shiftKey && from !== "") set({ date: from < date ? `${from}..${date}` : `${date}..${from}` });
                else set({ date: isOn && from === to ? "" : date });
              }}
            >
              <i className="moving" style={share(hl7Files.staged)} />
              <i className="flowing" style={share(Math.max(0, hl7Files.total - hl7Files.staged - hl7Files.failed))} />
              <i className="failing" style={share(hl7Files.failed)} />
            </button>
          );
        })}
      </div>
    </section>
  );
}

/** A path's beginning is found by the index; a part of it among the latest logs. */
function filterOf(state: LogFileFilter, search: string, date: string): LogFileFilter {
  const [from = "", to = from] = date.split("..");
  return {
    ...state,
    ...(search === "" ? {} : /^(\/|\w+:\/\/)/.test(search) ? { pathPrefix: search } : { search }),
    ...(from === "" ? {} : { dateFrom: from, dateTo: to }),
  };
}

function LogList({ selected }: { selected: string | undefined }) {
  const { value, set } = useFilters();
  const { thresholds } = useSession();
  const now = useNow();
  const state = STATES.find((candidate) => candidate.state === value("status")) ?? STATES[0];
  const search = value("q");
  const date = value("date");
  const orderBy = ORDERS.find((order) => order.value === value("sort"))?.value ?? "RECENT_FIRST";
  const pages = usePages(
    LogListDocument,
    ({ logFiles }) => logFiles,
    ({ logFilePath }) => logFilePath,
    { filter: filterOf(state?.filter ?? {}, search, date), orderBy },
    TOPICS,
  );
  const days = useQuery(IngestDaysDocument, {}, TOPICS);
  const summary = days.data?.ingestSummary;
  const filters = useKeptFilters(["path", "segment"]);
  const counts: Readonly<Record<string, number | undefined>> = {
    "": summary?.logFiles.total,
    FAILED: summary?.logFiles.failed,
  };
  return (
    <>
      <div className="bar">
        <div className="chips">
          {STATES.map(({ state: one, name, mark }) => (
            <Chip key={name} isOn={one === state?.state} onPick={() => set({ status: one })}>
              {mark === "" ? null : <Mark name={mark} tone={mark} word="" />} {name}{" "}
              {counts[one] === undefined ? null : <b>{figure(counts[one])}</b>}
            </Chip>
          ))}
          {date === "" ? null : (
            <Chip isOn onPick={() => set({ date: "" })}>
              {date.replace("..", " to ")} ✕
            </Chip>
          )}
        </div>
        <Order value={orderBy} options={ORDERS} onChange={(sort) => set({ sort: sort === "DATE" ? sort : "" })} />
        <Filter value={search} onChange={(q) => set({ q })} label="Path, or a part of it" />
      </div>
      {summary === undefined || selected !== undefined ? null : <Days summary={summary} />}
      <List
        pages={pages}
        keyOf={({ logFilePath }) => logFilePath}
        rowHeight={36}
        className=""
        columns={7}
        noun="log"
        selected={selected}
        renderRow={(log) =>
          cells(
            log,
            `/ingest/log?${new URLSearchParams([...new URLSearchParams(filters), ["path", log.logFilePath]])}`,
            thresholds !== null && isStuck(log, thresholds.stuckStagedMinutes, now),
          )
        }
        empty={
          <Nothing isFiltered={search !== "" || date !== "" || state?.state !== ""} none="No log was reported yet." />
        }
        head={
          <thead>
            <tr>
              <th>Log</th>
              <th className="p2">Segments, in their order</th>
              <th className="num p2">Staged</th>
              <th className="num p2">Ingested</th>
              <th className="num">Failed</th>
              <th className="p2">Date</th>
              <th>Changed</th>
            </tr>
          </thead>
        }
      />
    </>
  );
}

export function Ingest() {
  const { kind } = useParams<{ kind?: string }>();
  const { value } = useFilters();
  const path = value("path");
  const back = `/ingest${useKeptFilters(["path", "segment"])}`;
  const peek =
    path === "" ? null : kind === "log" ? (
      <LogPeek path={path} back={back} />
    ) : kind === "file" ? (
      <FilePeek path={path} back={back} />
    ) : null;
  return (
    <>
      <h1 className="vh">Ingest</h1>
      <Split list={<LogList selected={kind === "log" ? path : undefined} />} peek={peek} />
    </>
  );
}
