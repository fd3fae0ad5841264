import { QueryObserver } from "@tanstack/react-query";
import { afterEach, expect, it, vi } from "vitest";
import { deleteAndLeave, queryClient, renew } from "./query-client";

afterEach(() => queryClient.clear());

/** A screen that shows the answer to a question. */
async function screenOf(queryKey: unknown[]) {
  const ask = vi.fn(async () => "answer");
  const observer = new QueryObserver(queryClient, { queryKey, queryFn: ask });
  const close = observer.subscribe(() => undefined);
  await vi.waitFor(() => expect(observer.getCurrentResult().data).toBe("answer"));
  return { ask, close };
}

it("asks no more for what is being deleted, though the list it stands in is renewed", async () => {
  const list = await screenOf(["apis"]);
  const other = await screenOf(["apis", 8]);
  const screens = [await screenOf(["apis", 7]), await screenOf(["apis", 7, "policies"])];
  await deleteAndLeave(
    ["apis", 7],
    () => renew(["apis"]),
    async () => {
      for (const screen of screens) screen.close();
    },
  );
  for (const screen of screens) expect(screen.ask).toHaveBeenCalledTimes(1);
  expect(list.ask).toHaveBeenCalledTimes(2);
  expect(other.ask).toHaveBeenCalledTimes(2);
  expect(queryClient.getQueryData(["apis", 7])).toBeUndefined();
});

it("stays, and asks again as before, when the deletion is refused", async () => {
  const { ask } = await screenOf(["apis", 7]);
  const leave = vi.fn(async () => undefined);
  const refused = deleteAndLeave(["apis", 7], () => Promise.reject(new Error("no")), leave);
  await expect(refused).rejects.toThrow("no");
  expect(leave).not.toHaveBeenCalled();
  await renew(["apis"]);
  expect(ask).toHaveBeenCalledTimes(2);
});
