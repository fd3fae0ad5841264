import { Screen } from "@/shared/screen";

export function OverviewScreen() {
  return <Screen title="Overview">{null}</Screen>;
}
