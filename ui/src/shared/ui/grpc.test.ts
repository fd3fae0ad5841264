import { expect, it } from "vitest";
import { grpcClass, grpcWords } from "./grpc";

it("names a status, and shows one that has no name by its number", () => {
  expect(grpcWords(5)).toBe("gRPC 5 NOT_FOUND");
  expect(grpcWords(99)).toBe("gRPC 99");
});

it("tells the caller's faults from the server's", () => {
  expect([0, 5, 16, 14, 99].map(grpcClass)).toEqual(["2", "4", "4", "5", "5"]);
});
