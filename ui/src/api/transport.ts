import { ApiError } from "./errors";
import { saveByLink } from "./save-by-link";
import { readEvents } from "./sse";
import { forgetToken, token } from "./token";
import type { LiveEvent } from "./types";

export type Answer = { status: number; body: unknown };

/** The one way to the management API. In the window it is one Tauri command, in a browser HTTP, in fake mode a sample in memory. */
export type Transport = {
  call(method: string, path: string, body: unknown, signal?: AbortSignal): Promise<Answer>;
  /** Delivers live events until `signal` aborts; resolves or rejects when the stream ends before that. `opened` tells that it flows. */
  live(opened: () => void, on_event: (event: LiveEvent) => void, signal: AbortSignal): Promise<void>;
  /** Keeps text as a file of the user's; tells its path where that is known. */
  save(text: string, name: string): Promise<string | null>;
};

const unreachable = () =>
  new ApiError(0, "unreachable", "The gateway does not answer. It may have stopped; start it again, and this page connects by itself.");

const browser: Transport = {
  async call(method, path, body, signal) {
    const headers: Record<string, string> = { accept: "application/json" };
    const bearer = token();
    if (bearer) headers.authorization = `Bearer ${bearer}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    const answer = await fetch(path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    }).catch((error: unknown) => {
      if (signal?.aborted) throw error;
      throw unreachable();
    });
    if (answer.status === 401) forgetToken();
    return { status: answer.status, body: parsed(await answer.text()) };
  },

  async live(opened, on_event, signal) {
    const answer = await fetch("/api/live", {
      headers: { accept: "text/event-stream", authorization: `Bearer ${token() ?? ""}` },
      signal,
    }).catch(() => {
      throw unreachable();
    });
    if (answer.status === 401) forgetToken();
    if (!answer.ok || !answer.body) throw new ApiError(answer.status, "live", `The live stream answered ${answer.status}.`);
    opened();
    await readEvents(answer.body, (data) => on_event(JSON.parse(data) as LiveEvent)).catch(() => {
      throw unreachable();
    });
  },

  save: saveByLink,
};

const window_app: Transport = {
  async call(method, path, body) {
    const { invoke } = await import("@tauri-apps/api/core");
    const answer = await invoke<{ status: number; body: unknown }>("api", { method, path, body: body ?? null });
    return { status: answer.status, body: typeof answer.body === "string" ? parsed(answer.body) : answer.body };
  },

  async live(opened, on_event, signal) {
    const { Channel, invoke } = await import("@tauri-apps/api/core");
    const channel = new Channel<LiveEvent>();
    channel.onmessage = (event) => {
      if (!signal.aborted) on_event(event);
    };
    await invoke("live", { on_event: channel });
    opened();
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  },

  async save(text, name) {
    const { invoke } = await import("@tauri-apps/api/core");
    return await invoke<string>("save_file", { name, text });
  },
};

/** JSON when it is JSON; an empty answer is null, anything else stays text for the error to show. */
function parsed(text: string): unknown {
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export const in_window = "__TAURI_INTERNALS__" in globalThis;

/** Fake mode is a build mode, so that the sample data is never part of the product. */
export const is_fake = import.meta.env.MODE === "fake";

export const transport: Transport = is_fake ? (await import("./fake")).fake_transport : in_window ? window_app : browser;
