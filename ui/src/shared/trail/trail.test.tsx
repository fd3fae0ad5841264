import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import type { Call, TrailStep } from "@/api/types";
import { Trail, TrailHead, TrailShare } from "./trail";

const step = (change: Partial<TrailStep>): TrailStep => ({
  phase: "request",
  policy: "rate-limiting",
  applied_policy_id: 1,
  automated: false,
  outcome: "passed",
  note: "",
  duration_us: 7,
  ...change,
});

const call = (trail: TrailStep[], change: Partial<Call> = {}) => ({
  trail,
  plan: 118,
  duration_us: 1_000,
  upstream_us: 900,
  upstream_address: "127.0.0.1:9000",
  connection_reused: true,
  error: null,
  ...change,
});

it("gives a refusal's reason, and what was not reached", () => {
  render(
    <Trail call={call([step({ outcome: "refused", note: "5 of 5 used" }), step({ outcome: "not_reached" })], { upstream_us: null })} />,
  );
  const words = screen.getByRole("list").textContent;
  expect(words).toContain("Refused: 5 of 5 used");
  expect(words).toContain("1 more and the upstream");
});

it("names the upstream's address, and why it failed", () => {
  const failed = step({ phase: "upstream", policy: null, outcome: "failed" });
  render(<Trail call={call([failed], { error: "connection refused" })} />);
  expect(screen.getByRole("list").textContent).toContain("127.0.0.1:9000, reused connection, connection refused");
});

it("tells automated policies from an API's own", () => {
  render(<Trail call={call([step({ automated: true }), step({ policy: "cors" })])} />);
  const words = screen.getByRole("list").textContent;
  expect(words).toContain("rate-limitingAutomated");
  expect(words).not.toContain("corsAutomated");
});

it("says when no policy looked at a call", () => {
  render(<Trail call={call([])} />);
  expect(screen.getByText("No policy looked at this call.")).toBeTruthy();
});

it("takes the gateway's time as what the upstream did not take", () => {
  const { container } = render(
    <>
      <TrailHead call={call([])} />
      <TrailShare call={call([])} />
    </>,
  );
  expect(container.textContent).toContain("gateway 100 µs");
  expect(container.textContent).toContain("gateway 10 %");
});

it.each([
  ["would_refuse", "Would refuse, in shadow: why"],
  ["would_change", "Would change, in shadow: why"],
  ["answered", "Answered: why"],
] as const)("says that a policy %s", (outcome, words) => {
  render(<Trail call={call([step({ outcome, note: "why" })])} />);
  expect(screen.getByRole("list").textContent).toContain(words);
});
