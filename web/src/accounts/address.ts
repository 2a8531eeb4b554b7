const base = '/accounts/'

/** Where an account's page is; keys may hold anything. */
export function accountHref(key: string): string {
  return base + encodeURIComponent(key)
}

/** The account a path is of: the router leaves some characters as they are sent. */
export function accountAt(pathname: string): string {
  const rest = pathname.slice(base.length)
  try {
    return decodeURIComponent(rest)
  } catch {
    return rest // not of our making
  }
}
