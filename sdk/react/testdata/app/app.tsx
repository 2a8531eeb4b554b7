import { HeadroomProvider, Locked, UpgradeDialog, UsageMeter, useDecision, useEntitlement, useUsage, useVariant, type UpgradeDialogElement } from '@headroomhq/react'
import { StrictMode, useCallback, useState } from 'react'

/** What the server that renders the page hands to the browser that hydrates it. */
export interface PageData {
  endpoint: string
  token: string
  entitlements?: { items: { feature: string; kind: string; allowed: boolean }[] }
  /** Lets the page wait as long as a slow machine needs. */
  decisionTimeout: number
}

export function App({ data }: { data: PageData }) {
  const [here, setHere] = useState(true)
  return (
    <StrictMode>
      <h1>Speakers</h1>
      {here && (
        // A new object at every render, as people write it.
        <HeadroomProvider
          config={{ endpoint: data.endpoint, token: () => Promise.resolve(data.token), decisionTimeout: data.decisionTimeout, flushEvery: 50, persist: false }}
          initialEntitlements={data.entitlements}
        >
          <Room />
          <Recordings />
          <Card />
          <Card />
          <Color />
          <Components />
        </HeadroomProvider>
      )}
      <button id="leave" onClick={() => setHere(false)}>
        Leave
      </button>
    </StrictMode>
  )
}

const drawn = { room: 0 }

function Room() {
  const { data, isPending, error, isStale } = useUsage('speakers')
  if (typeof window !== 'undefined') Object.assign(window, { drawn: ++drawn.room })
  return (
    <p id="room" data-stale={isStale}>
      {isPending ? 'one moment' : error ? `no answer: ${error.code}` : data?.unlimited ? 'as many as you like' : `${data?.used} of ${data?.limit}`}
    </p>
  )
}

function Recordings() {
  const { data, isPending } = useEntitlement('recordings')
  return <p id="recordings">{isPending ? 'one moment' : data?.allowed ? 'open' : 'locked'}</p>
}

/** Two of them stand in the page: they ask the same, so it is asked once. */
function Card() {
  const { data, isPending, error, seen, dismiss, preview, accept } = useDecision('speakers.add', { feature: 'speakers' })
  const [cost, setCost] = useState<{ token: string; recurring: string }>()
  const [refused, setRefused] = useState('')
  if (isPending) return <p className="card">one moment</p>
  if (data?.status !== 'show') return <p className="card">{error ? `no answer: ${error.code}` : `nothing: ${data?.reason}`}</p>
  const failed = (problem: unknown) => setRefused((problem as { code: string }).code)
  return (
    <section className="card">
      <h2>{data.offer?.title}</h2>
      <button className="seen" onClick={seen}>Seen</button>
      <button className="dismiss" onClick={() => dismiss('later')}>Not now</button>
      <button className="price" onClick={() => preview().then((p) => setCost({ token: p.token, recurring: p.recurring.amount }), failed)}>Price</button>
      <button className="guess" onClick={() => accept('tok_guessed').catch(failed)}>Buy without looking</button>
      {cost && <button className="buy" onClick={() => accept(cost.token).catch(failed)}>Buy for {cost.recurring}</button>}
      {refused && <p className="refused">{refused}</p>}
    </section>
  )
}

function Color() {
  const { data, isPending } = useVariant('button_color')
  return <p id="variant">{isPending ? 'one moment' : data?.variant}</p>
}

const handed: string[] = []

function Components() {
  const [told, setTold] = useState('')
  const hold = useCallback((element: UpgradeDialogElement | null) => {
    handed.push(element?.localName ?? 'nothing')
    Object.assign(window, { handed })
  }, [])
  return (
    <>
      <UsageMeter feature="speakers" label="Voices" className="meter" />
      <Locked feature="recordings" locked="Sell every talk long after the day">
        <video id="film" />
      </Locked>
      <UpgradeDialog placement="dashboard.card" inline ref={hold} onShown={(e) => setTold(e.detail.decision?.offer?.title ?? '')} />
      <headroom-nav-badge feature="recordings" kind="premium" class="badge" />
      <p id="told">{told}</p>
    </>
  )
}
