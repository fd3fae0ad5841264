export { ClientSelect } from "./client-select";
