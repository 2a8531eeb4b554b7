import { expect, test } from 'vitest'
import type { ValueLedgerLine } from '../api/types'
import { bandWords, underpricedFirst } from './band'

const line = (account: string, state: ValueLedgerLine['state'], share: string | null, amount = '10'): ValueLedgerLine => ({
  account, ...(state ? { state } : {}), share, metric: 'm', from: '', to: '', quantity: 1, price: { amount, currency: 'EUR' },
})

test('who pays too little comes first, the least share before all', () => {
  const lines = [line('above', 'above', '0.5'), line('idle', 'unused', null), line('low', 'below', '0.04'), line('far above', 'above', '0.9'), line('idle and dear', 'unused', null, '99'), line('lowest', 'below', '0.01')]
  expect(underpricedFirst(lines).map((each) => each.account)).toEqual(['lowest', 'low', 'idle and dear', 'idle', 'far above', 'above'])
})

test('each state has words of its own', () => {
  expect((['below', 'unused', 'above', 'in_band'] as const).map((state) => bandWords(line('a', state, null)))).toEqual(['pays too little', 'gained nothing', 'pays too much', 'within the band'])
})
