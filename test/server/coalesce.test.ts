import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { coalesceWrites } from "../../src/resolvers/coalesce.ts";

interface Write {
  readonly writer: string;
  readonly subjects: readonly string[];
  readonly value: number;
}

function recorded(fail: (write: Write) => boolean = () => false) {
  const batches: (readonly Write[])[] = [];
  const told: (readonly [string, number])[] = [];
  const write = coalesceWrites<Write, number>({
    kind: "tests",
    onBatch: (kind, size) => told.push([kind, size]),
    async write(inputs) {
      batches.push(inputs);
      // Batches end in another order than they began.
      await sleep(batches.length % 2 === 0 ? 1 : 10);
      if (inputs.some(fail)) throw new Error("the statement failed");
      return inputs.map(({ value }) => value);
    },
    groupOf: ({ writer }) => writer,
    subjectsOf: ({ subjects }) => subjects,
    isFatal: () => false,
  });
  return { batches, told, write };
}

describe("writes that come together", () => {
  it("are one statement for each writer, and each caller gets his own answer", async () => {
    const { batches, told, write } = recorded();
    const writes = Array.from({ length: 60 }, (_, value) => ({
      writer: value % 3 === 0 ? "a" : "b",
      subjects: [],
      value,
    }));
    expect(await Promise.all(writes.map(write))).toEqual(writes.map(({ value }) => value));
    expect(new Set(batches.map((batch) => batch.length))).toEqual(new Set([20, 40]));
    expect(told).toEqual(batches.map((batch) => ["tests", batch.length]));
    expect(batches.every((batch) => new Set(batch.map(({ writer }) => writer)).size === 1)).toBe(true);
  });

  it("keep their order where they change the same, in statements of their own", async () => {
    const { batches, write } = recorded();
    const done: Write[] = [];
    const writes = Array.from({ length: 90 }, (_, value) => ({ writer: "a", subjects: [String(value % 7)], value }));
    await Promise.all(writes.map((one) => write(one).then(() => done.push(one))));
    for (const batch of batches) expect(new Set(batch.flatMap(({ subjects }) => subjects)).size).toBe(batch.length);
    for (let subject = 0; subject < 7; subject += 1) {
      const values = done.filter((one) => one.subjects[0] === String(subject)).map(({ value }) => value);
      expect(values).toHaveLength(subject < 6 ? 13 : 12);
      expect(values).toEqual(values.toSorted((one, other) => one - other));
    }
  });

  it("fail alone when one of them is at fault", async () => {
    const { write } = recorded(({ value }) => value === 3);
    const answers = await Promise.allSettled(
      [1, 2, 3, 4].map((value) => write({ writer: "a", subjects: [String(value)], value })),
    );
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
  });
});
