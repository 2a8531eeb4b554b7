// Exact sums of the decimal strings the API speaks in. Money never becomes a float here;
// toNumber is for the geometry of charts only.

interface Scaled {
  units: bigint
  scale: number
}

function parse(text: string): Scaled {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text.trim())
  if (!match || (match[2] === '' && !match[3])) throw new Error(`not a decimal number: ${text}`)
  const fraction = match[3] ?? ''
  const units = BigInt((match[2] ?? '') + fraction)
  return { units: match[1] === '-' ? -units : units, scale: fraction.length }
}

function print({ units, scale }: Scaled): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0')
  const whole = digits.slice(0, digits.length - scale)
  const text = scale > 0 ? `${whole}.${digits.slice(digits.length - scale)}` : whole
  return units < 0n ? `-${text}` : text
}

function align(a: Scaled, b: Scaled): [bigint, bigint, number] {
  const scale = Math.max(a.scale, b.scale)
  return [a.units * 10n ** BigInt(scale - a.scale), b.units * 10n ** BigInt(scale - b.scale), scale]
}

/** The sum, with as many decimals as the longest of the parts. */
export function add(...parts: string[]): string {
  return print(
    parts.map(parse).reduce(
      (sum, part) => {
        const [a, b, scale] = align(sum, part)
        return { units: a + b, scale }
      },
      { units: 0n, scale: 0 },
    ),
  )
}

export function negate(a: string): string {
  const { units, scale } = parse(a)
  return print({ units: -units, scale })
}

export function subtract(a: string, b: string): string {
  return add(a, negate(b))
}

/** The size without the sign. */
export function magnitude(a: string): string {
  const { units, scale } = parse(a)
  return print({ units: units < 0n ? -units : units, scale })
}

/** -1, 0 or 1. */
export function sign(a: string): -1 | 0 | 1 {
  const { units } = parse(a)
  return units < 0n ? -1 : units > 0n ? 1 : 0
}

/** part / whole as a decimal string with four decimals, cut; null where whole is zero. */
export function ratio(part: string, whole: string): string | null {
  const [a, b] = align(parse(part), parse(whole))
  if (b === 0n) return null
  return print({ units: (a * 10000n) / b, scale: 4 })
}

/** For drawing only. */
export function toNumber(a: string): number {
  return Number(a)
}
