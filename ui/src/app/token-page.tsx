import { type FormEvent, useState } from "react";
import { keepToken, useToken } from "@/api/token";
import { Button, Field, TextInput } from "@/shared/ui";
import { Brand } from "./rail";

/** Shown in a browser that has no token, or one that the gateway refused. */
export function TokenPage() {
  const refused = useToken((state) => state.refused);
  const [pasted, setPasted] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const token = tokenIn(pasted);
    if (token) keepToken(token);
  };
  return (
    <main className="token-page">
      <form className="card token-card" onSubmit={submit}>
        <div className="rail-brand">
          <Brand />
          Gatepost
        </div>
        <h1>This console needs its token</h1>
        <p className="t2">
          <span className="mono">gatepost serve</span> prints an address that contains it. The token alone is in the file{" "}
          <span className="mono">admin.token</span> of the data folder.
        </p>
        <Field
          label="Token, or the whole address"
          fault={refused && pasted === "" ? "The gateway refused the last one. A new data folder has a new token." : null}
        >
          {(ids) => (
            <TextInput {...ids} mono autoFocus type="password" value={pasted} onChange={(event) => setPasted(event.target.value)} />
          )}
        </Field>
        <Button look="primary" type="submit" disabled={!tokenIn(pasted)}>
          Open the console
        </Button>
      </form>
    </main>
  );
}

/** The token in what was pasted: the printed address, or the token itself. */
export function tokenIn(pasted: string): string {
  const text = pasted.trim();
  const mark = text.indexOf("#token=");
  return mark < 0 ? text : decodeURIComponent(text.slice(mark + "#token=".length));
}
