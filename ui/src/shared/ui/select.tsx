import { ChevronDown } from "lucide-react";
import type { ComponentProps } from "react";
import { classes } from "./class-names";

export type Option<T extends string> = { value: T; label: string };

type SelectProps<T extends string> = Omit<ComponentProps<"select">, "onChange" | "value" | "size"> & {
  value: T;
  options: readonly Option<T>[];
  onChange: (value: T) => void;
  small?: boolean;
};

/** The platform's own select: it opens above everything, and every keyboard and screen reader knows it. */
export function Select<T extends string>({ value, options, onChange, small, className, style, ...rest }: SelectProps<T>) {
  return (
    <span className={classes("input select", small && "input-s", className)} style={style}>
      <select value={value} onChange={(event) => onChange(event.target.value as T)} {...rest}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
      <ChevronDown className="i i-s" aria-hidden />
    </span>
  );
}
