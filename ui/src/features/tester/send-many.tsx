import { useState } from "react";
import { Button, Dialog, Field, TextInput } from "@/shared/ui";
import { sendMany } from "./store";

const MOST_CALLS = 10_000;
const MOST_AT_ONCE = 64;

function wholeFault(text: string, most: number): string | null {
  const value = Number(text);
  return Number.isInteger(value) && value >= 1 && value <= most ? null : `A whole number from 1 to ${most}`;
}

/** Asks how often and how many at a time, then sends. */
export function SendManyDialog({ open, onClose, fault }: { open: boolean; onClose: () => void; fault: string | null }) {
  const [count, setCount] = useState("20");
  const [at_once, setAtOnce] = useState("1");
  const faults = { count: wholeFault(count, MOST_CALLS), at_once: wholeFault(at_once, MOST_AT_ONCE) };
  const ready = fault === null && faults.count === null && faults.at_once === null;
  const go = () => {
    if (!ready) return;
    void sendMany(Number(count), Number(at_once));
    onClose();
  };
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title="Send many"
      description="The same request again and again, to see a limit at work or how times spread."
      width={380}
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" disabled={!ready} onClick={go}>
            {faults.count === null ? `Send ${Number(count)} times` : "Send"}
          </Button>
        </>
      }
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: Enter in a field sends, as in any form */}
      <div className="col tester-many" onKeyDown={(event) => event.key === "Enter" && go()}>
        <Field label="Calls" fault={faults.count}>
          {(ids) => <TextInput {...ids} inputMode="numeric" value={count} onChange={(event) => setCount(event.target.value)} />}
        </Field>
        <Field label="At the same time" help="1: one after the other" fault={faults.at_once}>
          {(ids) => <TextInput {...ids} inputMode="numeric" value={at_once} onChange={(event) => setAtOnce(event.target.value)} />}
        </Field>
        {fault && <p className="small c5">{fault}</p>}
      </div>
    </Dialog>
  );
}
