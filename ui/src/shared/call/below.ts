/** A full path, as the traffic list shows it, as a path below an API's base path; "" when it is the base path itself. */
export function below(base_path: string, path: string): string {
  if (base_path === "/" || !path.startsWith(base_path)) return path;
  const rest = path.slice(base_path.length);
  return rest === "" || rest.startsWith("/") || rest.startsWith("?") ? rest : path;
}
