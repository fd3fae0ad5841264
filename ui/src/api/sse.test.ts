import { expect, it } from "vitest";
import { readEvents } from "./sse";

const streamOf = (...chunks: string[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });

async function read(...chunks: string[]): Promise<string[]> {
  const events: string[] = [];
  await readEvents(streamOf(...chunks), (data) => events.push(data));
  return events;
}

it("puts together what was cut anywhere", async () => {
  expect(await read('data: {"a"', ":1}\n", "\ndata: 2\n\nda", "ta: 3\n\n")).toEqual(['{"a":1}', "2", "3"]);
});

it("joins the lines of one event, and leaves out comments and names", async () => {
  expect(await read(": still here\n\nevent: x\nid: 7\ndata: a\ndata:b\n\n")).toEqual(["a\nb"]);
});

it("reads both kinds of line ends, and drops what was not finished", async () => {
  expect(await read("data: 1\r\n\r\ndata: 2")).toEqual(["1"]);
});
