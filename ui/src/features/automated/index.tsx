export { AutomatedScreen } from "./automated-screen";
