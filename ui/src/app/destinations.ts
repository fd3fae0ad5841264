import { ArrowLeftRight, ChartLine, KeyRound, LayoutDashboard, type LucideIcon, Send, Settings2, Waypoints, Workflow } from "lucide-react";

export type Destination = {
  to: "/" | "/apis" | "/automated" | "/clients" | "/tester" | "/traffic" | "/analytics" | "/settings";
  label: string;
  /** Where the rail has no room for the whole label. */
  short?: string;
  icon: LucideIcon;
  /** Pressed after `g`. */
  key: string;
};

/** The screens of the rail, in its order. The palette, the shortcuts and the help sheet are made from the same list. */
export const destinations: Destination[] = [
  { to: "/", label: "Overview", icon: LayoutDashboard, key: "o" },
  { to: "/apis", label: "APIs", icon: Waypoints, key: "a" },
  { to: "/automated", label: "Automated policies", short: "Automated", icon: Workflow, key: "p" },
  { to: "/clients", label: "Clients", icon: KeyRound, key: "c" },
  { to: "/tester", label: "Tester", icon: Send, key: "t" },
  { to: "/traffic", label: "Traffic", icon: ArrowLeftRight, key: "r" },
  { to: "/analytics", label: "Analytics", icon: ChartLine, key: "n" },
];

export const settings: Destination = { to: "/settings", label: "Settings", icon: Settings2, key: "s" };
