export { Playground } from "./playground";
export { tryExpression } from "./store";
