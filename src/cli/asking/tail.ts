import type { WeirTailSubscription } from "../../client/gql/graphql.ts";
import { graphql } from "../../client/gql/index.ts";
import { TOPIC_NAMES } from "../../feed/topics.ts";
import { spelled, UsageError } from "../arguments.ts";
import type { Failure } from "../failure.ts";
import { askService, clientOf, plain, type Remote } from "./remote.ts";

const TAIL = graphql(`
  subscription WeirTail($topics: [Topic!], $after: Cursor) {
    changes(topics: $topics, after: $after) {
      type: __typename
      cursor
      topic
      key
      operation
      at
      actor
      ... on FileStatusChange {
        fileStatus {
          statusText
          errorMessage
        }
      }
      ... on RunChange {
        run {
          sourceTablename
          statusText
          errorMessage
        }
      }
      ... on RunStageChange {
        stageLog {
          stageOrder
          statusText
          errorMessage
        }
      }
      ... on FileStepChange {
        step {
          stepName
          statusText
          errorMessage
        }
      }
      ... on SeederJobChange {
        job {
          statusText
          lastErrors
        }
      }
    }
  }
`);

type Change = WeirTailSubscription["changes"];

const SINCE = graphql(`
  query WeirTailSince($at: DateTime!) {
    cursorSince(at: $at)
  }
`);

interface Options extends Remote {
  readonly json: boolean;
  readonly topic: readonly string[] | undefined;
  readonly filter: string | undefined;
  readonly since: string | undefined;
  readonly after: string | undefined;
  readonly count: number | undefined;
}

/** Prints changes as they are committed, until Ctrl-C; comes back by itself when the service was away, and misses none. */
export function tail(options: Options): Promise<Failure | undefined> {
  const topics = options.topic?.map((topic) => spelled(topic, TOPIC_NAMES));
  const filter = options.filter === undefined ? undefined : expression(options.filter);
  const since = options.since === undefined ? undefined : instantOf(options.since, Date.now());
  const client = clientOf(options);
  return askService(async () => {
    const stop = new AbortController();
    process.once("SIGINT", () => stop.abort());
    process.once("SIGTERM", () => stop.abort());
    const after = since === undefined ? options.after : (await client.query(SINCE, { at: since })).cursorSince;
    const variables = { ...(topics === undefined ? {} : { topics }), ...(after === undefined ? {} : { after }) };
    let printed = 0;
    for await (const { changes } of client.subscribe(TAIL, variables, { signal: stop.signal })) {
      const line = lineOf(changes);
      // The cursor of an instant may be up to a second early.
      if (filter?.test(line) === false || (since !== undefined && Date.parse(changes.at) < Date.parse(since))) continue;
      process.stdout.write(options.json ? `${JSON.stringify(changes)}\n` : `${line}\n`);
      printed += 1;
      if (printed >= (options.count ?? Infinity)) break;
    }
    return undefined;
  });
}

function expression(text: string): RegExp {
  try {
    return new RegExp(text, "iv");
  } catch {
    throw new UsageError(`weir: --filter is ${JSON.stringify(text)}, which is no regular expression.`);
  }
}

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

function instantOf(text: string, now: number): string {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const seconds = unit === "s" || unit === "m" || unit === "h" || unit === "d" ? SECONDS[unit] : undefined;
  const at = seconds === undefined ? Date.parse(text) : now - Number(count) * seconds * 1_000;
  if (Number.isNaN(at))
    throw new UsageError(
      `weir: --since is ${JSON.stringify(text)}; it is like 30s, 15m, 1h, 7d, or an instant like 2026-01-31T08:00:00Z.`,
    );
  return new Date(at).toISOString();
}

function lineOf(change: Change): string {
  const told = [
    change.at,
    change.topic.padEnd(14),
    change.operation.toLowerCase().padEnd(8),
    change.key,
    ...whatOf(change),
  ];
  return plain(told.filter((part) => part != null && part !== "").join("  "));
}

function whatOf(change: Change): readonly (string | null | undefined)[] {
  switch (change.type) {
    case "FileStatusChange":
      return [change.fileStatus.statusText, change.fileStatus.errorMessage];
    case "RunChange":
      return [change.run.sourceTablename, change.run.statusText, change.run.errorMessage];
    case "RunStageChange":
      return [`stage ${change.stageLog.stageOrder}`, change.stageLog.statusText, change.stageLog.errorMessage];
    case "FileStepChange":
      return [change.step.stepName, change.step.statusText, change.step.errorMessage];
    case "SeederJobChange":
      return [change.job.statusText, change.job.lastErrors];
    default:
      return [];
  }
}
