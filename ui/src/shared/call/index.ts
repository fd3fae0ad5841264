export { below } from "./below";
export { DurationBar } from "./duration-bar";
export { HeaderList } from "./header-list";
export { reasonOf } from "./reason";
