/// The ticket's secret, from the address of the page: /t/<secret>.

export function secretOf(path: string): string | null {
  const found = /^\/t\/([^/]+)\/?$/.exec(path)?.[1];
  if (found === undefined) return null;
  try {
    return decodeURIComponent(found);
  } catch {
    return null;
  }
}
