import { expect, it } from "vitest";
import type { ApiSummary, CallSummary, Contract } from "@/api/types";
import { day } from "@/shared/format";
import { withoutContract } from "./access-card";
import { listed } from "./clients-screen";
import { endOfDay } from "./credential-lifetime";
import { grouped } from "./refused-card";

it("lists names, and the rest as a number", () => {
  expect(listed(["A", "B"])).toBe("A, B");
  expect(listed(["A", "B", "C", "D"])).toBe("A, B and 2 more");
});

it("offers access only where there is no contract, revoked ones included", () => {
  const apis = [{ id: 1 }, { id: 2 }, { id: 3 }] as ApiSummary[];
  const contracts = [
    { api_id: 1, state: "approved" },
    { api_id: 3, state: "revoked" },
  ] as Contract[];
  expect(withoutContract(apis, contracts).map((api) => api.id)).toEqual([2]);
});

it("groups refused calls by status and policy, and leaves out the rest", () => {
  const call = (status: number, refused_by: string | null, at_us: number) => ({ status, refused_by, at_us }) as CallSummary;
  const groups = grouped([
    call(429, "rate-limiting", 5),
    call(401, "client-id-enforcement", 4),
    call(429, "rate-limiting", 3),
    call(404, null, 2),
  ]);
  expect(groups).toEqual([
    { status: 429, policy: "rate-limiting", calls: 2, last_us: 5 },
    { status: 401, policy: "client-id-enforcement", calls: 1, last_us: 4 },
  ]);
});

it("the last day of a credential ends with the day, in the local time zone, and reads back as the same day", () => {
  const end = endOfDay("2027-01-31") ?? 0;
  expect(new Date(end).getHours()).toBe(0);
  expect([day(end), day(end - 1)]).toEqual(["2027-02-01", "2027-01-31"]);
  expect([endOfDay(""), endOfDay("2027-01")]).toEqual([null, null]);
});
