import { beforeEach, expect, it, vi } from "vitest";
import { actions } from "@/api/actions";
import { ApiError } from "@/api/errors";
import type { TesterResponse } from "@/api/types";
import { emptyDraft } from "./draft";
import { change, restore, send, useTester } from "./store";

const answer = (status: number) => ({ status, call: null, timings_us: { connect: null, first_byte: 1, total: 2 } }) as TesterResponse;

beforeEach(() => {
  vi.restoreAllMocks();
  localStorage.clear();
  useTester.setState({ draft: emptyDraft(), outcome: { kind: "none" }, under_way: null, history: [] });
});

it("keeps the answer, and the request in the history", async () => {
  vi.spyOn(actions, "send").mockResolvedValue(answer(200));
  change({ url: "http://127.0.0.1/a" });
  await send();
  expect(useTester.getState().outcome).toMatchObject({ kind: "response", response: { status: 200 } });
  expect(useTester.getState().history[0]).toMatchObject({ status: 200, draft: { url: "http://127.0.0.1/a" } });
});

it("shows only the answer of the newest send, whichever comes first", async () => {
  const late: ((response: TesterResponse) => void)[] = [];
  vi.spyOn(actions, "send")
    .mockImplementationOnce(() => new Promise((resolve) => late.push(resolve)))
    .mockResolvedValueOnce(answer(201));
  const first = send();
  await send();
  late[0]?.(answer(500));
  await first;
  expect(useTester.getState().outcome).toMatchObject({ response: { status: 201 } });
});

it("shows why nothing answered, and remembers it", async () => {
  vi.spyOn(actions, "send").mockRejectedValue(new ApiError(502, "unreachable", "nothing listens there"));
  await send();
  expect(useTester.getState().outcome).toMatchObject({ kind: "error", error: { message: "nothing listens there" } });
  expect(useTester.getState().history[0]?.error).toBe("nothing listens there");
});

it("puts a kept request back into the form", async () => {
  vi.spyOn(actions, "send").mockResolvedValue(answer(200));
  change({ url: "http://127.0.0.1/kept", method: "PUT" });
  await send();
  change({ url: "http://127.0.0.1/other", method: "GET" });
  const entry = useTester.getState().history[0];
  if (entry) restore(entry);
  expect(useTester.getState().draft).toMatchObject({ url: "http://127.0.0.1/kept", method: "PUT" });
});
