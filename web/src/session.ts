import { createContext, useContext } from "react";
import type { SessionQuery } from "./gql/graphql.ts";

type Service = NonNullable<SessionQuery["service"]>;

interface Session {
  /** Whether the token may change something. */
  readonly mayAct: boolean;
  /** Null until it is known. */
  readonly thresholds: Service["thresholds"] | null;
}

export const SessionContext = createContext<Session>({ mayAct: false, thresholds: null });

export function useSession(): Session {
  return useContext(SessionContext);
}
