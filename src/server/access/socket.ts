import type { IncomingMessage } from "node:http";
import { CloseCode } from "graphql-ws";
import type { WebSocket } from "ws";
import { explain, userError } from "../../resolvers/errors.ts";
import { requestIdOf } from "../request-id.ts";
import type { Gate, Session } from "./gate.ts";
import type { OnRefusal } from "./refusals.ts";
import { addressOf, tokenIn, tokenOf } from "./request.ts";

/** Who may do what on one socket. */
export interface SocketAccess {
  /** Takes `connection_init`. False, with the socket closed, for a token that is not taken. */
  connect(sent: unknown): Promise<boolean>;
  /** Whom an operation is run for: by its own token, or that of the socket. Rejects with UNAUTHENTICATED and the like. */
  sessionOf(payload: unknown): Session | Promise<Session>;
  /** Closes the socket: its token has ended. */
  end(): void;
}

export interface SocketAccessOptions {
  readonly gate: Gate;
  /** Proxies in front, whose X-Forwarded-For is believed. */
  readonly proxies: number;
  /** Most sockets of one token. */
  readonly maxTokenSockets: number;
  readonly refused: OnRefusal;
}

/** Milliseconds that a socket may be open without any token. */
const ANONYMOUS = 10_000;
/** Tokens that operations of one socket may bring. */
const MOST_TOKENS = 10;
/** RFC 6455's registry: try again later. */
const TRY_AGAIN_LATER = 1013;
/** Bytes of a close frame's reason. */
const LONGEST_REASON = 123;

/** Opens the access of each socket. Tokens come with the upgrade, in `connection_init`, or with an operation as GraphiQL sends it. */
export function createSocketAccess({ gate, proxies, maxTokenSockets, refused }: SocketAccessOptions) {
  const perToken = createTokenLimit(maxTokenSockets);

  function open(request: IncomingMessage, socket: WebSocket): SocketAccess {
    const address = addressOf(request, proxies);
    const sessions = new Map<string | null, Session>();
    let own: Session | null = null;
    let anonymous: NodeJS.Timeout | undefined;
    const close = (code: number, reason: string) => socket.close(code, reason.slice(0, LONGEST_REASON));
    const refuse = (code: number, reason: string) => {
      refused({ requestId: requestIdOf(request), address, code, reason });
      close(code, reason);
    };
    const end = () => refuse(CloseCode.Forbidden, "The token has ended, or was changed");

    async function admit(token: string | null): Promise<Session> {
      const admitted = await gate.admit(token, address);
      const { viewer } = admitted;
      const known = sessions.get(token);
      if (known !== undefined && !known.isOver) return known;
      if (sessions.size >= MOST_TOKENS)
        throw userError("TOO_COMPLEX", `A socket takes ${MOST_TOKENS} tokens. Open another one.`);
      if (!perToken.take(viewer.name)) {
        close(
          CloseCode.TooManyInitialisationRequests,
          `More than ${maxTokenSockets} sockets of one token (WEIR_MAX_TOKEN_SOCKETS)`,
        );
        throw userError("TOO_COMPLEX", `The token has ${maxTokenSockets} sockets open (WEIR_MAX_TOKEN_SOCKETS).`);
      }
      const session = admitted.watch(end);
      sessions.set(token, session);
      clearTimeout(anonymous);
      // It closed while the token was looked up.
      if (socket.readyState !== socket.OPEN) release();
      return session;
    }

    /** An operation is refused; the socket, with the tokens of others, stays. */
    function tell(error: unknown): never {
      const explained = explain(error);
      const code = explained?.extensions["code"];
      if (explained !== undefined && (code === "UNAUTHENTICATED" || code === "FORBIDDEN"))
        refused({
          requestId: requestIdOf(request),
          address,
          code: code === "FORBIDDEN" ? 403 : 401,
          reason: explained.message,
        });
      throw error;
    }

    function release(): void {
      clearTimeout(anonymous);
      for (const session of sessions.values()) {
        session[Symbol.dispose]();
        perToken.release(session.viewer.name);
      }
      sessions.clear();
    }
    socket.once("close", release);

    return {
      end,
      async connect(sent) {
        try {
          const token = tokenIn(sent) ?? tokenOf(request.headers.authorization);
          if (token === null && gate.isClosed) {
            anonymous = setTimeout(() => refuse(CloseCode.Forbidden, "No token was sent"), ANONYMOUS);
            return true;
          }
          own = await admit(token);
          return true;
        } catch (error) {
          const explained = explain(error);
          if (explained === undefined) throw error;
          if (explained.extensions["code"] === "UNAVAILABLE") close(TRY_AGAIN_LATER, explained.message);
          else refuse(CloseCode.Forbidden, explained.message);
          return false;
        }
      },
      sessionOf(payload) {
        const token = tokenIn(headersOf(payload));
        const session = token === null ? own : sessions.get(token);
        if (session != null && !session.isOver) return session;
        if (token !== null) return admit(token).catch(tell);
        if (session !== null) end();
        throw userError(
          "UNAUTHENTICATED",
          'A token is needed: send {"token": "…"} in connection_init, or Authorization in the operation\'s extensions.headers.',
        );
      },
    };
  }
  return { open };
}

/** Counts the sockets of each token; those that need none are not counted. */
function createTokenLimit(most: number) {
  const counts = new Map<string, number>();
  return {
    /** False: the token has as many as it may. */
    take(name: string | null): boolean {
      if (name === null) return true;
      const count = counts.get(name) ?? 0;
      if (count >= most) return false;
      counts.set(name, count + 1);
      return true;
    },
    release(name: string | null): void {
      if (name === null) return;
      const left = (counts.get(name) ?? 1) - 1;
      if (left > 0) counts.set(name, left);
      else counts.delete(name);
    },
  };
}

function headersOf(payload: unknown): unknown {
  const extensions =
    typeof payload === "object" && payload !== null && "extensions" in payload ? payload.extensions : null;
  return typeof extensions === "object" && extensions !== null && "headers" in extensions ? extensions.headers : null;
}
