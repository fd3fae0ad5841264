import { LoaderCircle, type LucideIcon } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { classes } from "./class-names";

type Look = "plain" | "primary" | "ghost" | "danger";

type ButtonProps = Omit<ComponentProps<"button">, "children"> & {
  children?: ReactNode;
  look?: Look;
  size?: "s" | "m";
  icon?: LucideIcon;
  /** The key that does the same, shown beside the words. */
  kbd?: string;
  /** Work is under way: the button keeps its place and width, and cannot be pressed again. */
  busy?: boolean;
};

export function Button({ children, look = "plain", size = "m", icon: Icon, kbd, busy, className, disabled, type, ...rest }: ButtonProps) {
  const Shown = busy ? LoaderCircle : Icon;
  return (
    <button
      type={type ?? "button"}
      className={classes("btn", look !== "plain" && `btn-${look}`, size === "s" && "btn-s", className)}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      {...rest}
    >
      {Shown && <Shown className={classes("i i-s", busy && "spin")} aria-hidden />}
      {children}
      {kbd && (
        <span className="kbd" aria-hidden>
          {kbd}
        </span>
      )}
    </button>
  );
}

type IconButtonProps = Omit<ButtonProps, "children" | "kbd"> & { icon: LucideIcon; label: string };

/** A button that is only an icon; `label` is its name and its tooltip. */
export function IconButton({ label, className, look = "ghost", size = "s", ...rest }: IconButtonProps) {
  return <Button {...rest} look={look} size={size} className={classes("btn-icon", className)} aria-label={label} title={label} />;
}
