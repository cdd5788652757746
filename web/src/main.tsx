import { type ComponentType, lazy, StrictMode, Suspense, useEffect, useMemo } from "react";
import { createRoot } from "react-dom/client";
import { Link, Route, Switch, useParams } from "wouter";
import "../styles/app.css";
import "../styles/page.css";
import { setServiceTime } from "./clock.ts";
import { Questions } from "./confirm.tsx";
import { AttentionDocument, SessionDocument } from "./gql/graphql.ts";
import { startLive } from "./live.ts";
import { Overview } from "./pages/overview.tsx";
import { seenLocally, useSeen } from "./parts/attention.tsx";
import { Skeleton } from "./parts/basics.tsx";
import { Frame } from "./parts/frame.tsx";
import { useQuery } from "./query.ts";
import { SessionContext } from "./session.ts";

const ALL = ["FILE_STATUS", "HL7_FILE", "PIPELINE", "RUN", "FILE", "FILE_STEP", "SEEDER_JOB"];
const REFUSALS = new Set(["UNAUTHENTICATED", "FORBIDDEN"]);

// Each page but the first loads on demand.
const Ingest = lazy(async () => ({ default: (await import("./pages/ingest.tsx")).Ingest }));
const Pipelines = lazy(async () => ({ default: (await import("./pages/pipelines.tsx")).Pipelines }));
const PipelinePage = lazy(async () => ({ default: (await import("./pages/pipeline.tsx")).PipelinePage }));
const Stages = lazy(async () => ({ default: (await import("./pages/settings.tsx")).Stages }));
const Connections = lazy(async () => ({ default: (await import("./pages/settings.tsx")).Connections }));
const Runs = lazy(async () => ({ default: (await import("./pages/runs.tsx")).Runs }));
const RunPage = lazy(async () => ({ default: (await import("./pages/run.tsx")).RunPage }));
const Documents = lazy(async () => ({ default: (await import("./pages/documents.tsx")).Documents }));
const Reports = lazy(async () => ({ default: (await import("./pages/reports.tsx")).Reports }));

/** A page that gets what its address names. */
function named<Name extends string>(Page: ComponentType<Record<Name, string>>, name: Name): ComponentType {
  return function Named() {
    const parameters = useParams();
    return <Page {...({ [name]: parameters[name] ?? "" } as Record<Name, string>)} />;
  };
}
const ThePipeline = named(PipelinePage, "table");
const TheRun = named(RunPage, "id");

function App() {
  const session = useQuery(SessionDocument, {}, []);
  const attention = useQuery(AttentionDocument, {}, ALL);
  const seen = useSeen();
  const items = useMemo(() => seenLocally(attention.data?.attention ?? [], seen), [attention.data, seen]);
  const refusal = session.error !== null && REFUSALS.has(session.error.code) ? session.error.code : null;
  const { data } = session;
  // Null: nobody is asked who he is.
  const mayAct = data !== null && data.viewer?.role !== "VIEWER";
  const now = data?.service?.now;
  useEffect(() => {
    if (now !== undefined) setServiceTime(now, Date.now());
  }, [now]);
  const thresholds = data?.service?.thresholds ?? null;
  const known = useMemo(() => ({ mayAct, thresholds }), [mayAct, thresholds]);
  return (
    <SessionContext value={known}>
      <Frame items={items} refusal={refusal}>
        <Suspense fallback={<Skeleton lines={10} />}>
          <Switch>
            <Route path="/">
              <Overview items={items} isKnown={attention.data !== null} />
            </Route>
            <Route path="/ingest/:kind?" component={Ingest} />
            <Route path="/pipelines" component={Pipelines} />
            <Route path="/pipelines/-/stages" component={Stages} />
            <Route path="/pipelines/-/connections" component={Connections} />
            <Route path="/pipelines/:table" component={ThePipeline} />
            <Route path="/pipelines/:table/runs/:id" component={TheRun} />
            <Route path="/runs" component={Runs} />
            <Route path="/runs/:id" component={TheRun} />
            <Route path="/documents/:id?" component={Documents} />
            <Route path="/reports/:table?" component={Reports} />
            <Route>
              <p>
                There is nothing here.{" "}
                <Link href="/" className="l b">
                  To the overview
                </Link>
              </p>
            </Route>
          </Switch>
        </Suspense>
      </Frame>
      <Questions />
    </SessionContext>
  );
}

const root = document.querySelector("#root");
if (root !== null) {
  startLive();
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
