import type { CatalogDefinitions, PriceAmount, PriceByInterval } from '../api/types'
import { TextField } from '../shared/Field'
import type { Edit } from './draft'
import { amountWords, byCurrency, plainAmount } from '../lib/entitlement'
import classes from './EditDialog.module.css'

/** One price that a form can show: an amount, or what goes by quantity and stays as it is. */
export interface PriceInForm {
  interval: string
  currency: string
  amount: string
  /** A price by quantity, in words; it is edited in the file. */
  kept?: string
}

const names: Record<string, string> = { month: 'a month', year: 'a year', once: 'once' }

/** All that prices are in, the catalog's own currency first. */
export function currenciesOf(catalog: Pick<CatalogDefinitions, 'currency' | 'currencies'>): string[] {
  return [...new Set([catalog.currency ?? 'USD', ...(catalog.currencies ?? [])])]
}

/** A field for each interval and currency. */
export function pricesOf(price: PriceByInterval | undefined, currencies: string[], intervals: string[]): PriceInForm[] {
  const first = currencies[0] ?? 'USD'
  return intervals.flatMap((interval) => {
    const there = new Map(byCurrency(price?.[interval], first))
    return currencies.map((currency): PriceInForm => {
      const amount = there.get(currency)
      const plain = plainAmount(amount)
      if (amount !== undefined && plain === undefined) return { interval, currency, amount: '', kept: amountWords(amount, currency) }
      return { interval, currency, amount: plain ?? '' }
    })
  })
}

const right = (amount: string) => amount === '' || /^\d+(\.\d+)?$/.test(amount)

export function wrongPrices(prices: PriceInForm[]): boolean {
  return prices.some((each) => !right(each.amount))
}

/** The edits that make the prices of a definition those of the form. */
export function priceEdits(path: string, before: PriceByInterval | undefined, prices: PriceInForm[], currency: string): Edit[] {
  return [...new Set(prices.map((each) => each.interval))].flatMap((interval): Edit[] => {
    const mine = prices.filter((each) => each.interval === interval)
    const was = new Map(byCurrency(before?.[interval], currency))
    const now = mine.flatMap((each): [string, unknown][] =>
      each.kept !== undefined ? [[each.currency, was.get(each.currency)]] : each.amount.trim() ? [[each.currency, each.amount.trim()]] : [],
    )
    const one = now[0]
    if (now.length === was.size && now.every(([code, amount]) => plainAmount(was.get(code)) === amount || was.get(code) === amount)) return []
    if (!one) return [{ path: `${path}.${interval}`, remove: true }]
    return [{ path: `${path}.${interval}`, value: now.length === 1 && one[0] === currency ? one[1] : Object.fromEntries(now) }]
  })
}

/** The price of a definition that is new; no field where it has none. */
export function newPrice(prices: PriceInForm[], currency: string): { price?: PriceByInterval } {
  const price = Object.fromEntries(
    priceEdits('price', undefined, prices, currency).flatMap((edit) => ('value' in edit ? [[edit.path.slice('price.'.length), edit.value as PriceAmount]] : [])),
  )
  return Object.keys(price).length > 0 ? { price } : {}
}

interface PriceFieldsProps {
  prices: PriceInForm[]
  set: (prices: PriceInForm[]) => void
  tried: boolean
  unit: string
}

export function PriceFields({ prices, set, tried, unit }: PriceFieldsProps) {
  return (
    <div className={classes.two}>
      {prices.map((price, index) =>
        price.kept !== undefined ? (
          <p key={`${price.interval} ${price.currency}`} className={classes.note}>
            {price.kept} {names[price.interval]}; a price by quantity is edited in the file.
          </p>
        ) : (
          <TextField
            key={`${price.interval} ${price.currency}`}
            label={`Price ${names[price.interval] ?? price.interval}, ${price.currency}${unit ? ` for each ${unit}` : ''}`}
            number
            placeholder="not sold so"
            value={price.amount}
            set={(amount) => set(prices.map((each, i) => (i === index ? { ...each, amount } : each)))}
            wrong={tried && !right(price.amount) ? `“${price.amount}” is not an amount such as 49 or 49.50.` : undefined}
          />
        ),
      )}
    </div>
  )
}
