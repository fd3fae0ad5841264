export { type Bar, Bars, type BarsProps } from "./bars";
export { DataTable, type TableColumn } from "./data-table";
export { ChartFrame } from "./frame";
export { LatencySpread, type LatencySpreadProps } from "./latency-spread";
export type { Mark } from "./marks";
export { type LatencyPoint, Percentiles, type PercentilesProps } from "./percentiles";
export { type CallClass, type CallPoint, CLASS_NAMES, CLASSES, callsOf, mergeIntoSteps, stepFor } from "./points";
export { Spark, type SparkProps } from "./spark";
export { StackedCalls, type StackedCallsProps } from "./stacked-calls";
