export { createWeirClient, type WeirClient, type WeirClientOptions } from "./client.ts";
export { type GraphQLErrorShape, WeirError } from "./error.ts";
export { graphql } from "./gql/index.ts";
export type { RequestOptions } from "./request.ts";
export type { RetryPolicy } from "./retry.ts";
export type { SubscribeOptions } from "./subscribe.ts";
