export { Catalogue } from "./catalogue";
export { Lane } from "./lane";
export { PolicyPanel } from "./policy-panel";
export { useRefusals } from "./refusals";
export { policiesInWords } from "./states";
