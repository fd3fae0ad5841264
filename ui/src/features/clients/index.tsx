export { ClientScreen } from "./client-screen";
export { ClientsScreen } from "./clients-screen";
