import { Switch as Base } from "@base-ui/react/switch";

type SwitchProps = { checked: boolean; onChange: (checked: boolean) => void; label?: string; id?: string; disabled?: boolean };

/** `label` names it where no visible label points at `id`. */
export function Switch({ checked, onChange, label, id, disabled }: SwitchProps) {
  return (
    <Base.Root
      className={checked ? "switch on" : "switch"}
      checked={checked}
      onCheckedChange={onChange}
      disabled={disabled ?? false}
      {...(id !== undefined && { id })}
      {...(label !== undefined && { "aria-label": label, title: label })}
    />
  );
}
