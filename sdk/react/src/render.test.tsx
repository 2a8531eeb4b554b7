import { createHeadroom } from '@headroomhq/js'
import { renderToString } from 'react-dom/server'
import { expect, test } from 'vitest'
import { HeadroomProvider, Locked, UpgradeDialog, useDecision, useEntitlement, UsageMeter, useUsage, useVariant } from './index'

const config = { endpoint: 'https://headroom.invalid', account: 'acme', user: 'ann' }

function Room() {
  const { data, isPending } = useUsage('speakers')
  return <p>{isPending ? 'one moment' : `${data?.used} of ${data?.limit}`}</p>
}

test('a server renders what the backend fetched, and asks nothing', () => {
  const html = renderToString(
    <HeadroomProvider config={config} initialEntitlements={[{ feature: 'speakers', kind: 'metered', allowed: true, usage: 4, limit: 10 }]}>
      <Room />
    </HeadroomProvider>,
  )
  expect(html).toBe('<p>4 of 10</p>')
})

test('without that, and for what only the server knows of a person, everything is pending there', () => {
  function All() {
    const answers = [useEntitlement('speakers'), useDecision('speakers.add'), useVariant('button')]
    return <p>{answers.map((a) => (a.isPending ? 'pending' : 'known')).join(' ')}</p>
  }
  expect(renderToString(<HeadroomProvider config={config}><All /></HeadroomProvider>)).toBe('<p>pending pending pending</p>')
})

test('a feature of which nothing is counted is an error of useUsage', () => {
  function Error() {
    return <p>{useUsage('recordings').error?.code}</p>
  }
  const initial = { items: [{ feature: 'recordings', kind: 'boolean', allowed: true }] }
  expect(renderToString(<HeadroomProvider client={createHeadroom()} initialEntitlements={initial}><Error /></HeadroomProvider>)).toBe('<p>not_counted</p>')
})

test('components are rendered as their elements, with what they are told in words', () => {
  const html = renderToString(
    <HeadroomProvider config={config}>
      <UsageMeter feature="speakers" label="Voices" className="wide" onShown={() => undefined} />
      <UpgradeDialog placement="speakers.add" quantity={3} inline onDemand requested={false} preview={{}} />
    </HeadroomProvider>,
  )
  expect(html).toBe(
    '<headroom-usage-meter feature="speakers" label="Voices" class="wide"></headroom-usage-meter>' +
      '<headroom-upgrade-dialog placement="speakers.add" quantity="3" inline="" on-demand=""></headroom-upgrade-dialog>',
  )
})

test('children stand in the slots of the element', () => {
  const html = renderToString(<Locked feature="recordings" locked="Sell every talk">The film</Locked>)
  expect(html).toBe('<headroom-locked feature="recordings">The film<div slot="locked">Sell every talk</div></headroom-locked>')
})
