import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, it } from "vitest";
import { type Token, writeQuery } from "@/shared/call/query";
import { QueryField } from "./query-field";

const values = { status: ["refused", "4xx"], api: ["Orders API"], client: [], policy: [], method: ["GET"] };

function Held({ start = [] }: { start?: Token[] }) {
  const [tokens, setTokens] = useState<Token[]>(start);
  return (
    <>
      <QueryField tokens={tokens} onChange={setTokens} values={values} />
      <output>{writeQuery(tokens)}</output>
    </>
  );
}

const field = () => screen.getByRole("combobox", { name: "Filter calls" });
const query = () => screen.getByRole("status").textContent;

it("completes a field by Tab and its value by arrow and Enter", async () => {
  render(<Held />);
  await userEvent.click(field());
  await userEvent.keyboard("ap{Tab}{ArrowDown}{Enter}");
  expect(query()).toBe('api:"Orders API"');
});

it("takes what is typed by Enter, and opens the last token again by Backspace", async () => {
  render(<Held />);
  await userEvent.click(field());
  await userEvent.keyboard("/orders{Enter}status:404{Enter}");
  expect(query()).toBe("/orders status:404");
  await userEvent.keyboard("{Backspace}");
  expect(query()).toBe("/orders");
  expect(field()).toHaveProperty("value", "status:404");
});

it("removes a token by its button", async () => {
  render(<Held start={[{ field: "status", value: "4xx" }]} />);
  await userEvent.click(screen.getByRole("button", { name: "Remove status:4xx" }));
  expect(query()).toBe("");
});

it("closes its menu by Escape and keeps what is typed", async () => {
  render(<Held />);
  await userEvent.click(field());
  await userEvent.keyboard("st");
  expect(field().getAttribute("aria-expanded")).toBe("true");
  await userEvent.keyboard("{Escape}");
  expect(field().getAttribute("aria-expanded")).toBe("false");
  expect(field()).toHaveProperty("value", "st");
});
