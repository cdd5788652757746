import { Link } from "wouter";
import { LogListDocument, type LogListQuery, LogPageDocument } from "../gql/graphql.ts";
import { Chip, Empty, Mark, Problem, Skeleton, StatusMark, When } from "../parts/basics.tsx";
import { More, Search, useFilters } from "../parts/list.tsx";
import { useQuery } from "../query.ts";
import { baseName, figure, lookOf } from "../words.ts";

const TOPICS = ["FILE_STATUS", "HL7_FILE"];

function Path({ path }: { path: string }) {
  const name = baseName(path);
  return (
    <span className="ell" title={path}>
      <span className="dim">{path.slice(0, path.length - name.length)}</span>
      {name}
    </span>
  );
}

/** How a log's files stand, as shares of one bar. */
function Share({ counts }: { counts: { staged: number; ingested: number; failed: number; total: number } }) {
  const WIDTH = 160;
  const parts = [
    { tone: "failed", count: counts.failed },
    { tone: "moving", count: counts.staged },
    { tone: "done", count: counts.ingested },
  ];
  let x = 0;
  return (
    <svg
      width={WIDTH}
      height="10"
      role="img"
      aria-label={`${counts.failed} failed, ${counts.staged} staged, ${counts.ingested} ingested of ${counts.total}`}
    >
      <rect className="f-idle" width={WIDTH} height="10" rx="2" opacity=".4" />
      {parts.map(({ tone, count }) => {
        const width = counts.total === 0 ? 0 : (WIDTH * count) / counts.total;
        const at = x;
        x += width;
        return (
          <rect key={tone} className={`f-${tone}`} x={at} width={count > 0 ? Math.max(2, width) : 0} height="10" />
        );
      })}
    </svg>
  );
}

type Log = LogListQuery["logFiles"]["nodes"][number];

function LogTable({ logs }: { logs: readonly Log[] }) {
  return (
    <div className="tw">
      <table className="tbl">
        <thead>
          <tr>
            <th>Log</th>
            <th className="p2">Files</th>
            <th className="num p2">Staged</th>
            <th className="num p2">Ingested</th>
            <th className="num">Failed</th>
            <th>Date</th>
            <th>Changed</th>
          </tr>
        </thead>
        <tbody>
          {logs.map(({ logFilePath, date, currentStatus, hl7FileCounts }) => (
            <tr key={logFilePath}>
              <td>
                <div className="flex">
                  <StatusMark status={hl7FileCounts.failed > 0 ? "FAILED" : currentStatus?.status} />
                  <Link data-row className="ell" href={`/ingest/log?path=${encodeURIComponent(logFilePath)}`}>
                    <Path path={logFilePath} />
                  </Link>
                </div>
              </td>
              <td className="p2">
                <Share counts={hl7FileCounts} />
              </td>
              <td className="num p2">{figure(hl7FileCounts.staged)}</td>
              <td className="num p2">{figure(hl7FileCounts.ingested)}</td>
              <td className={`num ${hl7FileCounts.failed > 0 ? "failed b" : ""}`}>{figure(hl7FileCounts.failed)}</td>
              <td>{date}</td>
              <td>
                <When at={currentStatus?.processedAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Ingest() {
  const { value, set } = useFilters();
  const status = value("status");
  const path = value("path");
  const after = value("after");
  const filter = {
    ...(status === "FAILED" ? { status: ["FAILED" as const] } : {}),
    ...(path === "" ? {} : { pathPrefix: path }),
  };
  const list = useQuery(LogListDocument, { filter, after: after === "" ? null : after }, TOPICS);
  const page = list.data?.logFiles;
  const summary = list.data?.ingestSummary;
  return (
    <>
      <h1 className="vh">Ingest</h1>
      <div className="bar">
        <div className="chips">
          <Chip isOn={status === ""} onPick={() => set({ status: "", after: "" })}>
            All logs <b>{figure(summary?.logFiles.total)}</b>
          </Chip>
          <Chip isOn={status === "FAILED"} onPick={() => set({ status: "FAILED", after: "" })}>
            <Mark name="failed" tone="failed" word="failed" /> Logs that failed{" "}
            <b>{figure(summary?.logFiles.failed)}</b>
          </Chip>
        </div>
        <Search value={path} onChange={(next) => set({ path: next, after: "" })} label="Path begins with" />
      </div>
      {summary === undefined ? null : (
        <dl className="card stats">
          {[
            { name: "ingested", mark: "done", count: summary.hl7Files.ingested },
            { name: "staged", mark: "moving", count: summary.hl7Files.staged },
            { name: "stuck", mark: "watch", count: summary.stuckStaged },
            { name: "failed", mark: "failed", count: summary.hl7Files.failed },
          ].map(({ name, mark, count }) => (
            <div key={name}>
              <dt>
                <Mark name={mark} tone={mark} word="" /> HL7 files {name}
              </dt>
              <dd>
                <b>{figure(count)}</b>
              </dd>
            </div>
          ))}
        </dl>
      )}
      {list.error === null ? null : <Problem error={list.error} retry={list.reload} />}
      <section className="card">
        {page === undefined ? (
          list.error === null ? (
            <Skeleton />
          ) : null
        ) : page.nodes.length === 0 ? (
          <Empty title={status === "" && path === "" ? "No log was reported yet." : "No log is like that."} />
        ) : (
          <LogTable logs={page.nodes} />
        )}
        <More page={page?.pageInfo} after={after} onGo={(next) => set({ after: next })} />
      </section>
    </>
  );
}

export function LogPage() {
  const { value } = useFilters();
  const path = value("path");
  const query = useQuery(LogPageDocument, { path }, TOPICS);
  if (query.error !== null) return <Problem error={query.error} retry={query.reload} />;
  if (query.data === null) return <Skeleton />;
  const log = query.data.logFile;
  if (log == null) return <Empty title={`Nothing was reported of ${path}.`} />;
  const failed = log.hl7Files.nodes.find(({ currentStatus }) => currentStatus?.status === "FAILED");
  const reason =
    log.currentStatus?.status === "FAILED" ? log.currentStatus.errorMessage : failed?.currentStatus?.errorMessage;
  return (
    <>
      <div className="bar">
        <h1 className="rt ell" title={path}>
          {baseName(path)}
        </h1>
        <span className="dim ell">{path}</span>
      </div>
      {reason == null ? null : (
        <div className="because" style={{ marginBottom: 20 }}>
          <Mark name="failed" tone="failed" word="failed" size={16} />
          <div>
            <b>{reason}</b>
            <p>
              {failed === undefined ? "" : `segment ${failed.segmentNumber}, and ${log.hl7FileCounts.failed - 1} more`}
            </p>
          </div>
        </div>
      )}
      <section className="card">
        <div className="h">
          <h2>Segments</h2>
          <span className="dim">
            {figure(log.hl7Files.totalCount)} HL7 files, {figure(log.hl7FileCounts.failed)} failed
          </span>
        </div>
        <div className="tw">
          <table className="tbl">
            <thead>
              <tr>
                <th>Segment</th>
                <th>HL7 file</th>
                <th>Changed</th>
                <th className="p2">Why</th>
              </tr>
            </thead>
            <tbody>
              {log.hl7Files.nodes.map(({ segmentNumber, hl7FilePath, currentStatus }) => (
                <tr key={`${segmentNumber} ${hl7FilePath}`}>
                  <td>
                    <div className="flex">
                      <StatusMark status={currentStatus?.status} /> {segmentNumber}{" "}
                      <span className="vh">{lookOf(currentStatus?.status).word}</span>
                    </div>
                  </td>
                  <td>
                    <Path path={hl7FilePath} />
                  </td>
                  <td>
                    <When at={currentStatus?.processedAt} />
                  </td>
                  <td className="p2 failed ell">{currentStatus?.errorMessage}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
    </>
  );
}
