import { ChevronRight, Search } from "lucide-react";
import { Fragment, type ReactNode } from "react";
import { openPalette } from "@/app/overlays";
import { Button, classes } from "./ui";

type ScreenProps = {
  title: ReactNode;
  /** What leads here, as links, outermost first. */
  crumbs?: ReactNode[];
  /** Chips beside the title. */
  chips?: ReactNode;
  /** Controls at the right end, the primary button last. */
  actions?: ReactNode;
  /** No padding: the screen lays out its own panes. */
  flush?: boolean;
  className?: string;
  children: ReactNode;
};

/** One screen: its top bar, and the view below it. Every screen is exactly one of these. */
export function Screen({ title, crumbs, chips, actions, flush, className, children }: ScreenProps) {
  return (
    <>
      <header className="topbar">
        {crumbs?.map((crumb, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: crumbs are a fixed path, told apart by their place
          <Fragment key={index}>
            <span className="crumb row row-1">
              {crumb} <ChevronRight className="i i-s" aria-hidden />
            </span>
          </Fragment>
        ))}
        <h1 className="trunc">{title}</h1>
        {chips}
        <span className="push" />
        <Button size="s" icon={Search} onClick={openPalette} className="search-button" aria-keyshortcuts="Control+K">
          <span>Search or run</span> <span className="kbd">Ctrl K</span>
        </Button>
        {actions}
      </header>
      <main id="view" className={classes("view", flush && "view-flush", className)} tabIndex={-1}>
        {children}
      </main>
    </>
  );
}
