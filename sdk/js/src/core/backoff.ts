/** Milliseconds before the next try, after so many that failed: doubling up to a bound, half of it by chance, so that browsers that lost the server together do not come back together. */
export function backoff(failed: number, first: number, most: number, random: () => number = Math.random): number {
  const whole = Math.min(first * 2 ** Math.min(failed, 30), most)
  return whole / 2 + (whole / 2) * random()
}
