import { useQuery } from "@tanstack/react-query";
import { Plus, Waypoints } from "lucide-react";
import { useState } from "react";
import { actions } from "@/api/actions";
import { messageOf } from "@/api/errors";
import { queries } from "@/api/queries";
import type { ApiSummary, Settings } from "@/api/types";
import { openAddApi } from "@/app/overlays";
import { Screen } from "@/shared/screen";
import { Button, Empty, ErrorNote, Segments, toast } from "@/shared/ui";
import { ApisByTraffic } from "./apis-by-traffic";
import { CallsChart } from "./calls-chart";
import { FigureColumn } from "./figure-column";
import { RANGES, type Range } from "./range";
import { StateLine } from "./state-line";
import { isTourApi } from "./tour/progress";
import { Tour } from "./tour/tour";
import { useTraffic } from "./use-traffic";
import { Violations } from "./violations";

/** The first screen: the tour while there is nothing to show, else how everything does. */
export function OverviewScreen() {
  const apis = useQuery(queries.apis());
  const settings = useQuery(queries.settings());
  const sample_url = useQuery(queries.status()).data?.sample.url ?? null;
  const error = apis.error ?? settings.error;
  if (error) {
    return (
      <Screen title="Overview">
        <ErrorNote
          title="The overview could not be read"
          error={error}
          onRetry={() => void Promise.all([apis.refetch(), settings.refetch()])}
        />
      </Screen>
    );
  }
  if (!apis.data || !settings.data) return <Screen title="Overview">{null}</Screen>;
  if (!settings.data.tour_done && apis.data.every((api) => isTourApi(api, sample_url))) return <Tour settings={settings.data} />;
  return apis.data.length === 0 ? <NoApis settings={settings.data} /> : <Traffic apis={apis.data} />;
}

function AddApi({ look }: { look: "primary" | "plain" }) {
  return (
    <Button size="s" look={look} icon={Plus} onClick={openAddApi}>
      Add API
    </Button>
  );
}

function Traffic({ apis }: { apis: ApiSummary[] }) {
  const [range, setRange] = useState<Range>("15m");
  const traffic = useTraffic(range);
  return (
    <Screen
      title="Overview"
      actions={
        <>
          <Segments label="Time range" value={range} options={RANGES} onChange={setRange} />
          <AddApi look="primary" />
        </>
      }
    >
      <StateLine />
      <div className="overview-top">
        <CallsChart traffic={traffic} />
        <FigureColumn traffic={traffic} />
      </div>
      <div className="overview-bottom">
        <ApisByTraffic apis={apis} traffic={traffic} range={range} />
        <Violations />
      </div>
    </Screen>
  );
}

function NoApis({ settings }: { settings: Settings }) {
  const takeTour = () =>
    actions.saveSettings({ ...settings, tour_done: false }).catch((failure: unknown) => toast(messageOf(failure), "error"));
  return (
    <Screen title="Overview" actions={<AddApi look="plain" />}>
      <StateLine />
      <Empty
        icon={Waypoints}
        title="No API yet"
        action={
          <div className="row">
            <Button look="primary" icon={Plus} onClick={openAddApi}>
              Add API
            </Button>
            <Button onClick={takeTour}>Take the tour</Button>
          </div>
        }
      >
        Add the first one: a name and the URL of what stands behind it. The tour does it with a sample, in five minutes.
      </Empty>
    </Screen>
  );
}
