/** Reads a server-sent event stream and hands over each event's data. WebKitGTK cannot iterate a stream with `for await`, hence the reader. */
export async function readEvents(stream: ReadableStream<Uint8Array>, on_data: (data: string) => void): Promise<void> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += decoder.decode(value, { stream: true });
    const blocks = rest.split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const data = dataOf(block);
      if (data !== "") on_data(data);
    }
  }
}

/** The `data:` lines of one block, joined; comments and other fields are left out. */
function dataOf(block: string): string {
  return block
    .split(/\r?\n/)
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(5).replace(/^ /, ""))
    .join("\n");
}
