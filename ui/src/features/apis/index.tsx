export { ApiScreen } from "./api-screen";
export { ApisScreen } from "./apis-screen";
