import { useEffect, useRef, useState } from 'react'
import type { OfferDecision, ShownOffer } from '../api/offers'
import { money } from '../lib/format'
import mine from './Editor.module.css'

// The product's own component, as the server hands it to products; Vite is to leave the address alone.
const elements = '/sdk/elements/index.js'
const name = 'headroom-upgrade-dialog'

let loading: Promise<boolean> | undefined

/** Loads the component once; false where the server has none. */
function load(): Promise<boolean> {
  loading ??= import(/* @vite-ignore */ elements).then(
    () => customElements.get(name) !== undefined,
    () => false,
  )
  return loading
}

type Element = HTMLElement & { preview: unknown }

let drawn = 0

interface ShownProps {
  decision: OfferDecision
  role: string
  language: string
  now: string
}

/** What the person would see, by the component that shows it to them; it calls nothing. */
export function Shown(props: ShownProps) {
  const [there, setThere] = useState<boolean>()
  useEffect(() => {
    let gone = false
    void load().then((found) => !gone && setThere(found))
    return () => {
      gone = true
    }
  }, [])
  if (there === undefined) return null
  const { offer } = props.decision
  return (
    <>
      {there ? <Component {...props} /> : offer && <Plain offer={offer} />}
      {offer?.media && <p className={mine.sub}>Picture or film, not drawn here: {offer.media}</p>}
    </>
  )
}

function Component({ decision, role, language, now }: ShownProps) {
  const place = useRef<HTMLDivElement>(null)
  // What is the same is not drawn again: the server's answer is asked for anew with each change there.
  const said = JSON.stringify([decision.offer, role, language])
  useEffect(() => {
    const element = document.createElement(name) as Element
    element.setAttribute('inline', '')
    element.setAttribute('placement', decision.placement)
    if (language) element.lang = language
    const { media: _, ...offer } = decision.offer ?? ({} as ShownOffer) // the console loads nothing from elsewhere
    element.preview = { decision: { ...decision, offer, decision_id: `preview-${++drawn}`, expires_at: null }, role, language, now }
    place.current?.replaceChildren(element)
  }, [said])
  return <div ref={place} />
}

/** The same in plain, where the server was built without the components. */
function Plain({ offer }: { offer: ShownOffer }) {
  return (
    <div className={mine.card}>
      <h3>{offer.title}</h3>
      {offer.body && <p>{offer.body}</p>}
      {offer.case && <p>{offer.case}</p>}
      {offer.price && (
        <p>
          {money(offer.price.recurring.amount, offer.price.recurring.currency)} a {offer.price.interval}
        </p>
      )}
      <span className={mine.button}>{offer.cta.label}</span>
    </div>
  )
}
