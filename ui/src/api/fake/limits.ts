import type { Limit, Settings } from "../types";

const KNOWN: Omit<Limit, "value">[] = [
  {
    name: "max_connections",
    title: "Connections of callers",
    help: "Open connections of all callers together. Past it new callers wait until another leaves.",
    kind: "count",
    default: 10_000,
    least: 10,
    most: 1_000_000,
  },
  {
    name: "max_head_bytes",
    title: "Request head",
    help: "Everything before a request's body. A longer one is answered 431.",
    kind: "bytes",
    default: 65_536,
    least: 1_024,
    most: 1_048_576,
  },
  {
    name: "head_timeout",
    title: "Time for a request's head",
    help: "From the first byte of a request's head to the last. Past it the connection is closed.",
    kind: "time",
    default: 10_000,
    least: 1_000,
    most: 600_000,
  },
];

export const fakeLimits = (set: NonNullable<Settings["limits"]>): Limit[] =>
  KNOWN.map((limit) => ({ ...limit, value: Number((set as Record<string, unknown>)[limit.name] ?? limit.default) }));
