export { Trail, TrailHead, TrailShare } from "./trail";
