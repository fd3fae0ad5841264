import { Switch as Base } from "@base-ui/react/switch";

type SwitchProps = { checked: boolean; onChange: (checked: boolean) => void; label?: string; id?: string; disabled?: boolean };

/** `label` names it where no visible label points at `id`. `onChange` gets no more than it says: what else the primitive tells, a
 * form would take for its own. */
export function Switch({ checked, onChange, label, id, disabled }: SwitchProps) {
  return (
    <Base.Root
      className={checked ? "switch on" : "switch"}
      checked={checked}
      onCheckedChange={(next) => onChange(next)}
      disabled={disabled ?? false}
      {...(id !== undefined && { id })}
      {...(label !== undefined && { "aria-label": label, title: label })}
    />
  );
}
