export { TrafficScreen } from "./traffic-screen";
