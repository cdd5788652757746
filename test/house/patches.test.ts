import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";

const FOLDER = "vendor/postgres/src";
/** SHA-256 of the files of src/ of postgres 3.4.9, as it was published. */
const PUBLISHED: Readonly<Record<string, string>> = {
  "bytes.js": "53b73b5ee2919ab5561229c62a4e2db578f63ca613b795b380c23cb684f2d514",
  "connection.js": "ee3a218d9aa6a6f2887c1a19da50009335fe84c11a5431d5cab72d6bc528632f",
  "errors.js": "85cfbed9a5ab0db41ab8e97b806c881af29807dfe99bc656fdf1a18c1c13b6c6",
  "index.js": "4e21f5733e70d79cffc10d10d4ef01031de4a9ac862210e43f8870029fd103ed",
  "large.js": "05ea787f79cefaf16310f14119fbfd36d2fed0795581b0df1b0e63b591a3ed94",
  "query.js": "67c45a5151032aa46b587abc15381fe4efd97c696e5c1b53082b8161309c4ee2",
  "queue.js": "15e6345adb6708bf3b99ad39fc2231c2fb61de5f6cba4b7a7a6be881482a4ec3",
  "result.js": "001ff5e0c8d634674f483d07fbcd620a797e3101f842d6c20ca3ace936260465",
  "subscribe.js": "5d0b1ec9705281ed4a60236fe5f65654038bae117845a71d19e35374d34c0cfa",
  "types.js": "1883bd4536eab1c94b9e708d325b13708b0f18ec80020e3a825f34a72f603b81",
};
/** What was changed in a file: text of ours, and what stood there. */
const PATCHES: Readonly<Record<string, readonly (readonly [ours: string, published: string])[]>> = {
  "connection.js": [
    ["    , answerTimer = null\n    , heardTime = 0\n", ""],
    ["    interrupt,\n", ""],
    ["      awaitAnswer()\n", ""],
    ["      options.observe && (q.observed = q.observed || options.observe(false))\n", ""],
    ["      q.observed && q.observed.sent(q.string)\n", ""],
    ["      query.observed && query.observed.ended(errorResponse)\n", ""],
    ["    query.observed && query.observed.ended(err)\n", ""],
    ["    heardTime = performance.now()\n    if (incomings) {\n", "    if (incomings) {\n"],
    [
      `  function awaitAnswer() {
    if (!query)
      heardTime = performance.now()
    if (options.answer_timeout && answerTimer === null)
      answerTimer = setTimeout(unanswered, options.answer_timeout * 1000)
  }

  // Whatever comes from the server counts: rows may come for hours.
  function unanswered() {
    answerTimer = null
    if (!query || !socket)
      return

    const left = heardTime + options.answer_timeout * 1000 - performance.now()
    left > 0
      ? answerTimer = setTimeout(unanswered, left)
      : socket.destroy()
  }

  function interrupt() {
    initial && errored(Errors.connection('CONNECTION_CLOSED', options))
    socket && socket.destroy()
  }

`,
      "",
    ],
    ["    clearTimeout(answerTimer)\n    answerTimer = null\n", ""],
    [
      `    if (socket === null) {
      nextWriteTimer !== null && clearImmediate(nextWriteTimer)
      chunk = nextWriteTimer = null
      error(Errors.connection('CONNECTION_CLOSED', options))
      return false
    }
`,
      "",
    ],
    ["      queryError(sent.shift(), err)\n    query = null\n", "      queryError(sent.shift(), err)\n"],
    [
      "    if (initial) {\n      leave()\n      return reconnect()\n    }\n",
      "    if (initial)\n      return reconnect()\n",
    ],
    ["options, socket))\n    leave()\n", "options, socket))\n"],
    [
      `  // What came of the session that ended is nothing to the next one.
  function leave() {
    query = results = errorResponse = null
    result = new Result()
    rows = 0
  }

`,
      "",
    ],
    ["statements = new Map()\n", "statements = {}\n"],
    ["q.onlyDescribe && forget(q.signature)", "q.onlyDescribe && (delete statements[q.signature])"],
    ["q.prepare && statements.has(q.signature)", "q.prepare && q.signature in statements"],
    ["? used(q.signature)", "? statements[q.signature]"],
    [
      "query.prepare && remember(query.signature, query.statement)",
      "query.prepare && (statements[query.signature] = query.statement)",
    ],
    [
      `  function used(signature) {
    const statement = statements.get(signature)
    statements.delete(signature)
    statements.set(signature, statement)
    return statement
  }

  function remember(signature, statement) {
    const other = statements.get(signature)
    other && other !== statement && forget(signature)
    statements.set(signature, statement)
    statements.size > options.max_statements && forget(statements.keys().next().value)
  }

  function forget(signature) {
    const statement = statements.get(signature)
    statements.delete(signature) && write(b().C().str('S' + statement.name + b.N).end())
  }

`,
      "",
    ],
    [
      `    // What one of them was planned for is gone: the others may be stale too.
    statements.forEach((_, signature) => forget(signature))
`,
      "    delete statements[q.signature]\n",
    ],
    ["(query.closing = true, write(Close(query.portal)))", "write(Close(query.portal))"],
    ["    if (!query || !query.closing)\n      return\n\n", ""],
    ["      x = type in options.serializers", "      parameters[i] = x = type in options.serializers"],
  ],
  "index.js": [
    ["    max_statements  : Infinity,\n", ""],
    ["    answer_timeout  : null,\n", ""],
    ["    suspend,\n    resume,\n", ""],
    ["    , suspended = false\n", ""],
    ["    observe         : o.observe,\n", ""],
    ["    options.observe && (query.observed = options.observe(true))\n\n", ""],
    [
      `  function suspend() {
    suspended = true
    while (queries.length)
      giveUp(queries.shift(), Errors.connection('CONNECTION_CLOSED', options))
    connections.forEach(c => c.interrupt())
    // It listens again by itself.
    listen.sql && (listen.sql.suspend(), listen.sql.resume())
  }

  function resume() {
    suspended = false
  }

`,
      "",
    ],
    [
      `  function giveUp(query, err) {
    query.observed && query.observed.ended(err)
    query.reject(err)
  }

`,
      "",
    ],
    ["giveUp(queries.shift(), Errors", "queries.shift().reject(Errors"],
    [
      `    if (suspended)
      return query.reject(Errors.connection('CONNECTION_CLOSED', options))

`,
      "",
    ],
  ],
};

it("the driver is the published one but for the patches in PATCHES.md", async () => {
  const found: Record<string, string> = {};
  for (const name of await readdir(FOLDER)) {
    let text = await readFile(path.join(FOLDER, name), "utf8");
    for (const [ours, published] of PATCHES[name] ?? []) {
      expect(text).toContain(ours);
      text = text.replaceAll(ours, published);
    }
    found[name] = createHash("sha256").update(text).digest("hex");
  }
  expect(found).toEqual(PUBLISHED);
});

it("every part of the program uses that driver", () => {
  expect(import.meta.resolve("postgres")).toMatch(/\/vendor\/postgres\/src\/index\.js$/);
});
