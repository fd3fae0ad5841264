import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type ComponentProps, useState } from "react";
import { PART, queries } from "@/api/queries";
import { Select, TextInput } from "@/shared/ui";
import { useRested } from "@/shared/use-rested";

type ClientSelectProps = Omit<ComponentProps<typeof Select>, "value" | "options" | "onChange"> & {
  value: number | null;
  /** What choosing nobody is called. */
  nobody: string;
  /** Its number and its name. */
  onChange: (client: number | null, name: string) => void;
  /** Only client apps without a contract with this API. */
  without_api_id?: number;
};

/** A client app to choose: a list as long as all fit into one, and with a field that searches when there are more. */
export function ClientSelect({ value, nobody, onChange, without_api_id, ...rest }: ClientSelectProps) {
  const [text, setText] = useState("");
  const search = useRested(text.trim());
  const of = { ...(search !== "" && { search }), ...(without_api_id !== undefined && { without_api_id }) };
  const found = useQuery({ ...queries.clients(of), placeholderData: keepPreviousData }).data ?? [];
  const chosen = useQuery({ ...queries.client(value ?? 0), enabled: value !== null && !found.some(({ id }) => id === value) }).data;
  const clients = chosen && value !== null && !found.some(({ id }) => id === value) ? [chosen, ...found] : found;
  const many = text !== "" || found.length >= PART;
  return (
    <>
      {many && (
        <TextInput
          small={rest.small ?? false}
          className="client-search"
          aria-label="Find a client app"
          placeholder="Find a client app"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      )}
      <Select
        {...rest}
        value={value === null ? "" : String(value)}
        options={[{ value: "", label: nobody }, ...clients.map((client) => ({ value: String(client.id), label: client.name }))]}
        onChange={(next) => onChange(next === "" ? null : Number(next), clients.find(({ id }) => String(id) === next)?.name ?? "")}
      />
    </>
  );
}
