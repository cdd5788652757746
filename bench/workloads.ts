/** What is done, and by whom, in this order. */
import { FILTERS, fanout, LATENCY, MEMORY, REPLAY, WRITERS } from "./workloads/feed.ts";
import { HISTORIES, history } from "./workloads/histories.ts";
import { HTTP } from "./workloads/http.ts";
import { CLAIMS, LONE_DRIVER } from "./workloads/jobs.ts";
import { WAITING } from "./workloads/waiting.ts";
import type { Workload } from "./workloads/workload.ts";

export const WORKLOADS: readonly Workload[] = [
  // First, while the histories have the sizes that they are named by.
  ...Object.entries(HISTORIES).map(([name, query]) => history(name, query)),
  ...HTTP,
  CLAIMS,
  LONE_DRIVER,
  WAITING,
  WRITERS,
  fanout("fan-out to 1,000, bursts of 50", 50, 1),
  fanout("fan-out to 1,000, single changes", 1, 0.5),
  MEMORY,
  LATENCY,
  FILTERS,
  REPLAY,
];
