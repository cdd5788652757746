import type { Topic, WeirTailSubscription } from "../client/gql/graphql.ts";
import { graphql } from "../client/gql/index.ts";
import { TOPIC_NAMES } from "../feed/topics.ts";
import { readArguments, UsageError } from "./arguments.ts";
import type { Failure } from "./failure.ts";
import { askService, clientOf, plain, REMOTE_OPTIONS } from "./remote.ts";

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

/** Prints changes as they are committed, until Ctrl-C; comes back by itself when the service was away, and misses none. */
export function tail(args: readonly string[]): Promise<Failure | undefined> {
  const { values, positionals } = readArguments(args, {
    ...REMOTE_OPTIONS,
    topic: { type: "string", multiple: true },
    after: { type: "string" },
    count: { type: "string" },
  });
  if (positionals.length > 0) throw new UsageError(`weir tail takes no ${JSON.stringify(positionals[0])}.`);
  const topics = values.topic?.map(topicOf);
  const most = values.count === undefined ? Infinity : Number(values.count);
  if (!(most >= 1))
    throw new UsageError(`weir tail: --count is ${JSON.stringify(values.count)}; it is a number from 1.`);
  const client = clientOf(values);
  return askService(async () => {
    const stop = new AbortController();
    process.once("SIGINT", () => stop.abort());
    process.once("SIGTERM", () => stop.abort());
    const variables = {
      ...(topics === undefined ? {} : { topics }),
      ...(values.after === undefined ? {} : { after: values.after }),
    };
    let printed = 0;
    for await (const { changes } of client.subscribe(TAIL, variables, { signal: stop.signal })) {
      process.stdout.write(values.json === true ? `${JSON.stringify(changes)}\n` : `${lineOf(changes)}\n`);
      printed += 1;
      if (printed >= most) break;
    }
    return undefined;
  });
}

function topicOf(word: string): Topic {
  const topic = TOPIC_NAMES.find((name) => name === word.toUpperCase());
  if (topic === undefined)
    throw new UsageError(`weir tail: there is no topic ${JSON.stringify(word)}; there are ${TOPIC_NAMES.join(", ")}.`);
  return topic;
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
