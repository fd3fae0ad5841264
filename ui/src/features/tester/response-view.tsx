import { Ban, CircleAlert, Eye, Reply } from "lucide-react";
import { useState } from "react";
import type { TesterResponse } from "@/api/types";
import { HeaderList, reasonOf } from "@/shared/call";
import { CodeView, languageFor, pretty } from "@/shared/code";
import { bytes, clock, micros } from "@/shared/format";
import { Trail, TrailHead, TrailShare } from "@/shared/trail";
import { CopyButton, classes, classOf, Segments, StatusChip, TabPanel, Tabs } from "@/shared/ui";
import { explain } from "./explain";
import { useTester } from "./store";

type ResponseTab = "response-body" | "response-headers" | "response-timing";
type Layout = "pretty" | "raw";

const LAYOUTS = [
  { value: "pretty", label: "Pretty" },
  { value: "raw", label: "Raw" },
] as const;

function contentType(response: TesterResponse): string | null {
  return response.headers.find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? null;
}

function Summary({ response, at_ms }: { response: TesterResponse; at_ms: number }) {
  const refused_by = response.call?.refused_by;
  return (
    <div className="row row-3 tester-summary">
      <StatusChip of={classOf(response.status, refused_by)} {...(refused_by && { title: `Refused by ${refused_by}` })}>
        {response.status} {response.reason || reasonOf(response.status)}
      </StatusChip>
      <span className="small strong">{micros(response.timings_us.total)}</span>
      <span className="small t2">{bytes(response.body_bytes)}</span>
      <span className="small t3">{clock(at_ms)}</span>
      <span className="push row row-1">
        <CopyButton text={response.body} label="Copy the body" />
      </span>
    </div>
  );
}

const EXPLAINED = {
  refused: { icon: Ban, colour: "cr", note: "note-refused" },
  shadow: { icon: Eye, colour: "cr", note: "" },
  answered: { icon: Reply, colour: "c2", note: "" },
  failed: { icon: CircleAlert, colour: "c4", note: "note-warn" },
} as const;

function Explained({ response }: { response: TesterResponse }) {
  const called_as = useTester((state) => state.draft.call_as !== null);
  const words = explain(response, called_as);
  if (!words) return null;
  const { icon: Icon, colour, note } = EXPLAINED[words.kind];
  return (
    <div className={classes("note tester-note", note)}>
      <Icon className={`i i-s ${colour}`} aria-hidden />
      <div>
        <div className="strong">{words.what}</div>
        {words.advice && <div className="t2">{words.advice}</div>}
      </div>
    </div>
  );
}

function Body({ response, layout }: { response: TesterResponse; layout: Layout }) {
  if (response.body_encoding === "base64" && layout === "pretty") {
    return (
      <p className="small t3 header-none">
        {bytes(response.body_bytes)} of {contentType(response) ?? "unknown type"}, which is not text. Raw shows it as base64.
      </p>
    );
  }
  if (response.body === "") return <p className="small t3 header-none">The answer has no body.</p>;
  const language = response.body_encoding === "text" ? languageFor(contentType(response)) : "text";
  return (
    <>
      {response.truncated && <p className="small c4 header-none">Only the beginning is shown: the body is larger than the tester keeps.</p>}
      <CodeView label="Answer body" language={language} value={layout === "pretty" ? pretty(response.body) : response.body} />
    </>
  );
}

function Timing({ response }: { response: TesterResponse }) {
  const { connect, first_byte, total } = response.timings_us;
  const spans = [
    { name: "Connect", from: 0, to: connect ?? 0, words: connect === null ? "reused connection" : micros(connect) },
    { name: "Wait for the first byte", from: connect ?? 0, to: first_byte, words: micros(first_byte - (connect ?? 0)) },
    { name: "Read the body", from: first_byte, to: total, words: micros(total - first_byte) },
    { name: "All", from: 0, to: total, words: micros(total) },
  ];
  const share = (us: number) => `${total > 0 ? (us / total) * 100 : 0}%`;
  return (
    <dl className="timing">
      {spans.map((span) => (
        <div key={span.name}>
          <dt>{span.name}</dt>
          <dd>
            <span className="timing-track" aria-hidden>
              <i style={{ marginLeft: share(span.from), width: share(Math.max(0, span.to - span.from)) }} />
            </span>
            <span className="num">{span.words}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** One answer: status, body, headers, times; and beside it the trail of the call that brought it. */
export function ResponseView({ response, at_ms }: { response: TesterResponse; at_ms: number }) {
  const [tab, setTab] = useState<ResponseTab>("response-body");
  const [layout, setLayout] = useState<Layout>("pretty");
  const tabs = [
    { id: "response-body", label: "Body" },
    { id: "response-headers", label: "Headers", count: response.headers.length },
    { id: "response-timing", label: "Timing" },
  ] as const;
  return (
    <div className="row grow tester-answer">
      <section className="col grow" aria-label="Answer">
        <Summary response={response} at_ms={at_ms} />
        <Explained response={response} />
        <Tabs
          label="Answer"
          tabs={tabs}
          value={tab}
          onChange={setTab}
          end={tab === "response-body" && <Segments label="Layout" value={layout} options={LAYOUTS} onChange={setLayout} />}
        />
        <TabPanel id={tab} className="col grow tester-panel">
          {tab === "response-body" && <Body response={response} layout={layout} />}
          {tab === "response-headers" && (
            <div className="tester-scroll">
              <HeaderList headers={response.headers} label="Answer headers" />
              <h3>Sent with the request</h3>
              <HeaderList headers={response.request_headers} label="Request headers" />
            </div>
          )}
          {tab === "response-timing" && <Timing response={response} />}
        </TabPanel>
      </section>
      <aside className="tester-trail" aria-label="Trail">
        {response.call ? (
          <>
            <TrailHead call={response.call} />
            <TrailShare call={response.call} />
            <Trail call={response.call} />
          </>
        ) : (
          <p className="small t3">This call did not go through the gateway, so there is no trail.</p>
        )}
      </aside>
    </div>
  );
}
