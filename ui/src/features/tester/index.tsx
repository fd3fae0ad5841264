export { TesterScreen } from "./tester-screen";
