import { createHash } from "node:crypto";

/** What is written to a connection of its own. */
export interface Hostile {
  readonly kind: string;
  readonly bytes: Buffer;
  /** Whether it is never whole, so that only the service's patience ends it. */
  readonly isHeld: boolean;
  /** What is written afterwards every now and then, to look alive. */
  readonly trickle?: string;
}

/** Numbers that look random, the same at each run: what fails can be looked at again. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
}

/** Makes `count` inputs of all kinds, in a mixture that is the same at each run. */
export function* hostileInputs(count: number, seed: number): Generator<Hostile> {
  const below = random(seed);
  const kinds = Object.entries(KINDS);
  for (let at = 0; at < count; at += 1) {
    const [kind, make] = kinds[at % kinds.length] ?? kinds[0] ?? [];
    if (kind === undefined || make === undefined) return;
    const { isHeld = false, ...made } = make(below);
    yield { kind, isHeld, ...made };
  }
}

type Below = (below: number) => number;
type Made = { readonly bytes: Buffer; readonly isHeld?: boolean; readonly trickle?: string };

/** Most are small, some are large: up to 2 ** most. */
const size = (below: Below, most: number) => Math.round(2 ** ((below(1_000) / 1_000) * most));
const times = (count: number, make: (at: number) => string, between = " ") =>
  Array.from({ length: count }, (_, at) => make(at)).join(between);
const randomBytes = (below: Below, length: number) => Buffer.from(Array.from({ length }, () => below(256)));

const HEAD = "host: localhost\r\nconnection: close\r\ncontent-type: application/json\r\naccept: application/json\r\n";
const request = (body: string | Buffer, head = HEAD): Made => ({
  bytes: Buffer.concat([
    Buffer.from(`POST /graphql HTTP/1.1\r\n${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n`),
    Buffer.from(body),
  ]),
});
const operation = (query: string, variables: object = {}) => request(JSON.stringify({ query, variables }));

/** A frame of a WebSocket as a client sends it. The mask is of zeros: the text stays readable. */
function frame(payload: Buffer | string, first = 0x81): Buffer {
  const data = Buffer.from(payload);
  const long = data.length > 65_535;
  const head = Buffer.alloc(data.length < 126 ? 6 : long ? 14 : 8);
  head[0] = first;
  head[1] = 0x80 | (data.length < 126 ? data.length : long ? 127 : 126);
  if (data.length >= 126 && !long) head.writeUInt16BE(data.length, 2);
  if (long) head.writeBigUInt64BE(BigInt(data.length), 2);
  return Buffer.concat([head, data]);
}

const CLOSE = frame(Buffer.from([3, 232]), 0x88);
const INIT = frame('{"type":"connection_init"}');

function socket(frames: readonly Buffer[], isHeld = false): Made {
  const key = createHash("md5").update(String(frames.length)).digest("base64");
  const head = `GET /graphql HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n`;
  return { bytes: Buffer.concat([Buffer.from(head), ...frames]), isHeld };
}

const subscribe = (id: string, query: string) => frame(JSON.stringify({ id, type: "subscribe", payload: { query } }));

const DOCUMENTS: readonly ((below: Below) => string)[] = [
  // Deep.
  (below) => `{ ${"logFiles { nodes { hl7Files { nodes { logFile { ".repeat(size(below, 10))}`,
  (below) => {
    const levels = size(below, 11);
    return `{ logFiles { nodes ${"{ hl7Files { nodes { logFile ".repeat(levels)} { date } ${"} } }".repeat(levels)} } }`;
  },
  (below) => {
    const levels = size(below, 12);
    return `{ logFiles(filter: ${"[".repeat(levels)}${"]".repeat(levels)}) { totalCount } }`;
  },
  // Wide.
  (below) => `{ ${times(size(below, 13), (at) => `field${at}`)} }`,
  (below) => `{ logFiles(filter: { status: [${times(size(below, 13), () => "PARSED", ",")}] }) { totalCount } }`,
  (below) => `{ ${times(size(below, 12), (at) => `logFiles(first: ${at}) { totalCount }`)} }`,
  (below) => times(size(below, 10), (at) => `query Q${at} { liveCursor }`),
  // Aliased.
  (below) => `{ ${times(size(below, 11), (at) => `a${at}: logFiles(first: 500) { totalCount }`)} }`,
  (below) => `{ ${times(size(below, 12), () => "liveCursor")} }`,
  // Circular and multiplying fragments.
  () => "{ logFiles { nodes { ...A } } } fragment A on LogFile { ...A }",
  (below) => {
    const count = 2 + size(below, 9);
    return `{ logFiles { nodes { ...F0 } } } ${times(count, (at) => `fragment F${at} on LogFile { date ...F${(at + 1) % count} }`)}`;
  },
  (below) => {
    const count = 2 + below(40);
    return `{ logFiles { nodes { ...F0 } } } fragment F${count} on LogFile { date } ${times(count, (at) => `fragment F${at} on LogFile { ...F${at + 1} ...F${at + 1} }`)}`;
  },
  // Directives.
  (below) => `{ liveCursor ${times(size(below, 12), () => "@include(if: true)")} }`,
  (below) => `query (${times(size(below, 11), (at) => `$v${at}: Int = ${at}`)}) { liveCursor }`,
  // No document at all.
  (below) =>
    times(
      size(below, 10),
      () => ["{", "}", "(", ")", "...", "$", "@", "|", '"', '"""', "#", "a", "1e"][below(13)] ?? "",
    ),
  () => "{ __schema { types { fields { type { ofType { ofType { ofType { fields { name } } } } } } } }",
  (below) => `mutation { ${times(size(below, 10), (at) => `recordFileStatus(input: { filePath: ${at} }) { id }`)} }`,
  (below) => `subscription { ${times(1 + size(below, 8), (at) => `a${at}: liveCursor`)} }`,
];

const document = (below: Below) => (DOCUMENTS[below(DOCUMENTS.length)] ?? (() => ""))(below);

const KINDS: Readonly<Record<string, (below: Below) => Made>> = {
  "a document": (below) => operation(document(below)),
  "another document": (below) => operation(document(below)),
  // Its connection stays open for a while for the next request.
  "a document over SSE": (below) => ({
    ...request(
      JSON.stringify({ query: document(below) }),
      HEAD.replace("accept: application/json", "accept: text/event-stream"),
    ),
    isHeld: true,
  }),
  "a document in an address": (below) => ({
    bytes: Buffer.from(`GET /graphql?query=${encodeURIComponent(document(below))} HTTP/1.1\r\n${HEAD}\r\n`),
  }),
  "invalid UTF-8": (below) =>
    request(
      Buffer.concat([
        Buffer.from('{"query":"{ logFile(logFilePath: \\"'),
        randomBytes(below, size(below, 10)),
        Buffer.from('\\") { date } }"}'),
      ]),
    ),
  "cut JSON": (below) => {
    const whole = JSON.stringify({ query: "{ liveCursor }", variables: { deep: [[[{ a: 1 }]]] } });
    return request(whole.slice(0, below(whole.length)));
  },
  "deep JSON": (below) => {
    const levels = size(below, 14);
    return request(
      `{"query":"query ($v: String) { fileStatuses(filter: { filePath: $v }) { totalCount } }","variables":{"v":${"[".repeat(levels)}${"]".repeat(levels)}}}`,
    );
  },
  "JSON of another shape": (below) =>
    request(
      [
        "null",
        "1",
        '"text"',
        "[]",
        "[[]]",
        '{"query":5}',
        '{"query":"{ liveCursor }","variables":[]}',
        '{"query":null}',
        `[${times(1 + size(below, 9), () => '{"query":"{ liveCursor }"}', ",")}]`,
        '{"query":"{ liveCursor }","operationName":{}}',
        '{"__proto__":{"query":"{ liveCursor }"}}',
        '{"query":"{ liveCursor }","extensions":"x"}',
      ][below(12)] ?? "",
    ),
  "odd values": (below) =>
    operation(
      "query ($p: String, $n: Int) { fileStatuses(first: $n, filter: { filePathPrefix: $p }) { totalCount } }",
      {
        p: ["\u0000", "\ud800", "%_\\".repeat(size(below, 12)), "'; drop table ingest.files; --"][below(4)],
        n: [-1, 2 ** 53, 1e308, "NaN"][below(4)],
      },
    ),
  oversize: (below) => {
    // Some are sent, most only said to come: those wait for the service to say that it won't read them.
    if (below(20) === 0) return request(Buffer.alloc(4_300_000, 0x20));
    return {
      bytes: Buffer.from(`POST /graphql HTTP/1.1\r\n${HEAD}content-length: ${5e6 + below(1e15)}\r\n\r\n{`),
      isHeld: true,
    };
  },
  "a chunk without end": () => ({
    bytes: Buffer.from(`POST /graphql HTTP/1.1\r\n${HEAD}transfer-encoding: chunked\r\n\r\nffffff\r\n{"query":"`),
    isHeld: true,
    trickle: " ".repeat(1_000),
  }),
  "two lengths": () => ({
    bytes: Buffer.from(
      `POST /graphql HTTP/1.1\r\n${HEAD}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n`,
    ),
  }),
  "many headers": (below) => ({
    bytes: Buffer.from(
      `POST /graphql HTTP/1.1\r\n${times(size(below, 13), (at) => `x-${at}: y`, "\r\n")}\r\n${HEAD}\r\n`,
    ),
  }),
  "a long header": (below) => ({
    bytes: Buffer.from(`GET /graphql HTTP/1.1\r\nauthorization: Bearer ${"x".repeat(size(below, 18))}\r\n${HEAD}\r\n`),
  }),
  "no HTTP": (below) => ({ bytes: Buffer.concat([randomBytes(below, 1 + size(below, 11)), Buffer.from("\r\n\r\n")]) }),
  "a half-open connection": (below) => ({
    bytes: Buffer.from("POST /graphql HTTP/1.1\r\n".slice(0, below(25))),
    isHeld: true,
  }),
  "slow headers": () => ({ bytes: Buffer.from("POST /graphql HTTP/1.1\r\nx: "), isHeld: true, trickle: "y" }),
  "a document over a WebSocket": (below) => socket([INIT, subscribe("1", document(below)), CLOSE]),
  "many operations of a WebSocket": (below) =>
    socket([
      INIT,
      ...Array.from({ length: size(below, 8) }, (_, at) =>
        subscribe(String(at), "subscription { fileStatusRecorded { key } }"),
      ),
      CLOSE,
    ]),
  "a malformed frame": (below) =>
    socket([
      [
        Buffer.concat([Buffer.from([0x81, 0x05]), Buffer.from("plain")]),
        frame("", 0xf1),
        frame("", 0x83),
        frame("x".repeat(200), 0x89),
        frame("", 0x09),
        frame(randomBytes(below, 200), 0x81),
        Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
        frame("x", 0x80),
        randomBytes(below, 300),
      ][below(9)] ?? CLOSE,
      CLOSE,
    ]),
  "a message of no protocol": (below) =>
    socket([
      frame(
        [
          "",
          "{",
          "null",
          "[]",
          '{"type":"subscribe"}',
          '{"type":"subscribe","id":"1","payload":{"query":"{ liveCursor }"}}',
          '{"type":"odd"}',
          '{"type":"complete","id":5}',
          `{"type":"connection_init","payload":${"[".repeat(5_000)}${"]".repeat(5_000)}}`,
          '{"type":"pong","payload":7}',
        ][below(10)] ?? "",
      ),
      INIT,
      INIT,
      CLOSE,
    ]),
  "half a frame": (below) => socket([frame("x".repeat(100 + below(1_000))).subarray(0, 3 + below(100))], true),
};
