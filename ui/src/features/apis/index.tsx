export { ApisScreen } from "./apis-screen";
