export { createWeirClient, type LiveQueryOptions, type WeirClient, type WeirClientOptions } from "./client.ts";
export type { Connection, ConnectionState } from "./connection.ts";
export type { Sendable, TypedDocument } from "./document.ts";
export { type GraphQLErrorShape, WeirError } from "./error.ts";
export type { LiveResult } from "./live-query.ts";
export type { RequestOptions } from "./request.ts";
export type { RetryPolicy } from "./retry.ts";
export type { SubscribeOptions, WatchOptions } from "./subscribe.ts";
