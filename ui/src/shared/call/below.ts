/** A full path, as the traffic list shows it, as a path below an API's base path. */
export function below(base_path: string, path: string): string {
  if (base_path === "/" || !path.startsWith(base_path)) return path;
  const rest = path.slice(base_path.length);
  if (rest === "") return "/";
  return rest.startsWith("/") || rest.startsWith("?") ? rest : path;
}
