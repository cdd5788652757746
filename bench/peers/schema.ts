/** One schema and its resolvers for the peers that take them as they are: Mercurius, Apollo Server, Yoga. */
import DataLoader from "dataloader";
import type { Sql } from "postgres";

export const typeDefs = /* GraphQL */ `
  type Query { fileStatuses(first: Int!): FileStatusConnection!  logFiles(first: Int!): LogFileConnection! }
  type Mutation { recordFileStatus(input: FileStatusInput!): FileStatus! }
  input FileStatusInput { filePath: String!  type: String!  status: String! }
  type FileStatusConnection { nodes: [FileStatus!]! }
  type FileStatus { id: ID!  filePath: String!  type: String!  status: String!  processedAt: String! }
  type LogFileConnection { nodes: [LogFile!]! }
  type LogFile { logFilePath: String!  date: String  hl7FileCounts: Counts!  hl7Files(first: Int!): Hl7FileConnection! }
  type Counts { staged: Int!  ingested: Int!  failed: Int!  total: Int! }
  type Hl7FileConnection { nodes: [Hl7File!]! }
  type Hl7File { hl7FilePath: String!  segmentNumber: Int!  currentStatus: FileStatus }
`;

interface Status {
  readonly id: string;
  readonly file_path: string;
  readonly type: string;
  readonly status: string;
  readonly processed_at: Date;
}
export interface Log {
  readonly log_file_path: string;
  readonly date: string;
}
export interface Hl7File {
  readonly hl7_file_path: string;
  readonly log_file_path: string;
  readonly segment_number: number;
  readonly status_id: string;
  readonly status: string;
  readonly processed_at: Date;
}
export interface Counts {
  readonly log_file_path: string;
  readonly staged: number;
  readonly ingested: number;
  readonly failed: number;
  readonly total: number;
}

export const statusesSql =
  "select id, file_path, type, status, processed_at from file_statuses order by processed_at desc, id desc limit $1";
export const reportSql =
  "insert into file_statuses (file_path, type, status) values ($1, $2, $3) returning id, file_path, type, status, processed_at";
export const logsSql = "select log_file_path, date::text from logs order by date desc, log_file_path limit $1";
export const hl7FilesSql = `
  select f.* from unnest($1::text[]) l (path) cross join lateral (
    select hl7_file_path, log_file_path, segment_number, status_id, status, processed_at from hl7_files
    where log_file_path = l.path order by segment_number limit $2) f`;
export const countsSql = `
  select log_file_path, count(*) filter (where status = 'staged')::int as staged,
    count(*) filter (where status = 'ingested')::int as ingested,
    count(*) filter (where status = 'failed')::int as failed, count(*)::int as total
  from hl7_files where log_file_path = any($1::text[]) group by 1`;
export const prepared = { prepare: true };

export function createContext(sql: Sql) {
  return {
    counts: new DataLoader<string, Counts>(async (paths) => {
      const rows = await sql.unsafe<Counts[]>(countsSql, [[...paths]], prepared);
      const byPath = new Map(rows.map((row) => [row.log_file_path, row]));
      return paths.map(
        (path) => byPath.get(path) ?? { log_file_path: path, staged: 0, ingested: 0, failed: 0, total: 0 },
      );
    }),
    hl7Files: new DataLoader<{ path: string; first: number }, Hl7File[], string>(
      async (keys) => {
        const rows = await sql.unsafe<Hl7File[]>(
          hl7FilesSql,
          [keys.map(({ path }) => path), keys[0]?.first ?? 0],
          prepared,
        );
        const byPath = Map.groupBy(rows, (row) => row.log_file_path);
        return keys.map(({ path }) => byPath.get(path) ?? []);
      },
      { cacheKeyFn: ({ path, first }) => `${first} ${path}` },
    ),
  };
}
type Context = ReturnType<typeof createContext>;

export function createResolvers(sql: Sql) {
  return {
    Query: {
      fileStatuses: async (_: unknown, { first }: { first: number }) => ({
        nodes: await sql.unsafe<Status[]>(statusesSql, [first], prepared),
      }),
      logFiles: async (_: unknown, { first }: { first: number }) => ({
        nodes: await sql.unsafe<Log[]>(logsSql, [first], prepared),
      }),
    },
    Mutation: {
      recordFileStatus: async (
        _: unknown,
        { input }: { input: { filePath: string; type: string; status: string } },
      ) => {
        const [row] = await sql.unsafe<Status[]>(reportSql, [input.filePath, input.type, input.status], prepared);
        return row;
      },
    },
    FileStatus: {
      filePath: (row: Status) => row.file_path,
      processedAt: (row: Status) => row.processed_at.toISOString(),
    },
    LogFile: {
      logFilePath: (row: Log) => row.log_file_path,
      hl7FileCounts: (row: Log, _: unknown, context: Context) => context.counts.load(row.log_file_path),
      hl7Files: async (row: Log, { first }: { first: number }, context: Context) => ({
        nodes: await context.hl7Files.load({ path: row.log_file_path, first }),
      }),
    },
    Hl7File: {
      hl7FilePath: (row: Hl7File) => row.hl7_file_path,
      segmentNumber: (row: Hl7File) => row.segment_number,
      currentStatus: (row: Hl7File) => ({ ...row, id: row.status_id, file_path: row.hl7_file_path, type: "HL7" }),
    },
  };
}
