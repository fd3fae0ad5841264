import { Outlet, useRouterState } from "@tanstack/react-router";
import { useEffect } from "react";
import { stayLive, useLive } from "@/api/live";
import { useToken } from "@/api/token";
import { in_window, is_fake } from "@/api/transport";
import { AddApiDialog } from "@/features/apis/add-api";
import { Playground } from "@/shared/expression";
import { Toasts } from "@/shared/ui/toast";
import { ErrorBoundary } from "./error-boundary";
import { Palette } from "./palette";
import { Rail } from "./rail";
import { ShortcutSheet, useShortcuts } from "./shortcuts";
import { StatusBar } from "./status-bar";
import { TokenPage } from "./token-page";

/** What stands around every screen. A browser without a token sees only the page that asks for it. */
export function Shell() {
  const token = useToken((state) => state.token);
  return token || in_window || is_fake ? <Console key={token} /> : <TokenPage />;
}

function Console() {
  useEffect(() => {
    const ending = new AbortController();
    void stayLive(ending.signal);
    return () => ending.abort();
  }, []);
  useShortcuts();
  const at = useRouterState({ select: (state) => state.location.pathname });
  return (
    <div className="app">
      <button type="button" className="btn skip-link" onClick={skipToView}>
        Skip to the content
      </button>
      <Rail />
      <div className="main">
        <ConnectionBanner />
        <ErrorBoundary at={at}>
          <Outlet />
        </ErrorBoundary>
      </div>
      <StatusBar />
      <Palette />
      <ShortcutSheet />
      <AddApiDialog />
      <Playground />
      <Toasts />
    </div>
  );
}

/** Keyboard users pass the rail with one press. A button, since the address after `#` belongs to the router. */
function skipToView() {
  document.getElementById("view")?.focus();
}

function ConnectionBanner() {
  const { connection, reason } = useLive();
  if (connection !== "lost") return null;
  return (
    <div className="banner" role="alert">
      <b className="strong">Connection lost.</b>
      <span>{reason} What you see may be out of date.</span>
    </div>
  );
}
