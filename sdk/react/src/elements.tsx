import {
  createElement,
  forwardRef,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  type CSSProperties,
  type ForwardedRef,
  type ForwardRefExoticComponent,
  type PropsWithoutRef,
  type ReactNode,
  type Ref,
  type RefAttributes,
} from 'react'
import type { Decision, Headroom, Outcome, ProblemShape } from '@headroomhq/js'
import { unreachable } from './answer'
import { useHeadroom } from './provider'

/** What every component takes. */
export interface ElementProps {
  className?: string
  style?: CSSProperties
  id?: string
  /** Of what it says, where that is not the page's language. */
  lang?: string
  /** Into the element's default slot, where it has one. */
  children?: ReactNode
  /** The element itself: for its methods, such as open() and close() of the upgrade dialog. */
  ref?: Ref<HTMLElement>
  /** Renders this instead of what the server says, and calls nothing: for previews and tests. */
  preview?: object
  /** Another client than the provider's. */
  client?: Headroom
  /** Something is shown. */
  onShown?: (event: HeadroomEvent<{ decision?: Decision }>) => void
  /** Something went wrong: the page goes on without it. */
  onError?: (event: HeadroomEvent<ProblemShape>) => void
}

/** What a component tells: a CustomEvent named headroom-…, with more about it in detail. */
export type HeadroomEvent<Detail = Record<string, unknown>> = CustomEvent<Detail & Record<string, unknown>>

/** What components take that show offers, and what they tell. */
export interface OfferProps {
  /** To whom requests go, as people know them: "Ada Lovelace". */
  admin?: string
  onClicked?: (event: HeadroomEvent<{ decision?: Decision }>) => void
  onDismissed?: (event: HeadroomEvent<{ decision?: Decision }>) => void
  /** An admin was asked. */
  onRequested?: (event: HeadroomEvent<Outcome>) => void
  /** Bought: entitlements have changed already. */
  onAccepted?: (event: HeadroomEvent<Outcome>) => void
  /** The purchase was taken back. */
  onUndone?: (event: HeadroomEvent<Outcome>) => void
  /** The person wants to talk to somebody, or on the plan page to end the subscription: what the product does then is its own. */
  onContact?: (event: HeadroomEvent<{ decision?: Decision; action: string }>) => void
}

type Values = Record<string, unknown>

const events = ['Shown', 'Dismissed', 'Clicked', 'Requested', 'Accepted', 'Undone', 'Answered', 'Error', 'Contact'] as const

// On a server there is no layout to wait for, and React says so.
const useBrowserEffect = typeof window === 'undefined' ? useEffect : useLayoutEffect

interface WrappedProps {
  tag: string
  load: () => Promise<unknown>
  /** Where the element goes to. */
  to: ForwardedRef<HTMLElement>
  props: ElementProps & Values
  /** Props that are put into the slots of their names. */
  slots: readonly string[]
}

/**
 * A custom element as a component. What it is told in words are attributes, which a server renders and hydration meets
 * again; objects are properties, set before the element's code is there to look at them; the code is loaded in the browser,
 * when the first one is shown.
 */
function Wrapped({ tag, load, to, props, slots }: WrappedProps) {
  const provided = useHeadroom()
  const own = useRef<HTMLElement | null>(null)
  useImperativeHandle(to, () => own.current!, [])
  const { className, style, id, children, preview, client = provided, ...given } = props
  const rest = Object.fromEntries(Object.entries(given).filter(([name]) => !slots.includes(name)))
  const handlers = useRef(rest)

  const attributes: Values = {}
  for (const [name, value] of Object.entries(rest)) {
    if (typeof value !== 'function' && value !== undefined && value !== null && value !== false) attributes[name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)] = value === true ? '' : String(value)
  }

  useBrowserEffect(() => {
    const element = own.current as (HTMLElement & { client?: Headroom; preview?: object }) | null
    if (!element) return
    if (element.client !== client) element.client = client as Headroom
    if (element.preview !== preview) element.preview = preview as object
  }, [client, preview])

  useBrowserEffect(() => {
    handlers.current = rest
  })

  useEffect(() => {
    const element = own.current
    if (!element) return
    const hear = events.map((event) => {
      const listener = (e: Event) => {
        // What a component inside another one tells is that one's own.
        if (e.target === element) (handlers.current[`on${event}`] as ((e: Event) => void) | undefined)?.(e)
      }
      element.addEventListener(`headroom-${event.toLowerCase()}`, listener)
      return () => element.removeEventListener(`headroom-${event.toLowerCase()}`, listener)
    })
    load().catch((cause: unknown) => {
      element.dispatchEvent(new CustomEvent('headroom-error', { detail: { ...unreachable, detail: `the code of ${tag} cannot be loaded: ${String(cause)}` } }))
    })
    return () => hear.forEach((stop) => stop())
  }, [tag, load])

  const named = slots.flatMap((slot) => (given[slot] === undefined ? [] : [<div key={slot} slot={slot}>{given[slot] as ReactNode}</div>]))
  return createElement(
    tag,
    {
      ...attributes,
      ...(className !== undefined && { class: className }),
      ...(id !== undefined && { id }),
      ...(style !== undefined && { style }),
      ref: own,
      // An element may have come to life, and changed its own attributes, before React gets to it.
      suppressHydrationWarning: true,
    },
    children,
    ...named,
  )
}

/** One of Headroom's elements as a component, with the element itself as its ref. */
export type ElementComponent<Props, Element extends HTMLElement = HTMLElement> = ForwardRefExoticComponent<PropsWithoutRef<Props> & RefAttributes<Element>>

/** The element of UpgradeDialog. */
export interface UpgradeDialogElement extends HTMLElement {
  /** Shows what there is, because the person asked; says so when there is nothing. */
  open(): void
  /** Puts it away; nothing is reported. */
  close(): void
}

// React 18 hands refs to nobody else than forwardRef. Whoever builds an app may leave out the components it doesn't use.
/* @__NO_SIDE_EFFECTS__ */
function component<Props extends ElementProps, Element extends HTMLElement>(tag: string, load: () => Promise<unknown>, ...slots: string[]): ElementComponent<Props, Element> {
  const made = forwardRef<Element, Props>((props, ref) => <Wrapped tag={tag} load={load} to={ref as ForwardedRef<HTMLElement>} props={props as ElementProps & Values} slots={slots} />)
  made.displayName = tag
  return made
}

/** What UsageMeter takes. */
export interface UsageMeterProps extends ElementProps, OfferProps {
  feature: string
  /** Instead of the feature's title. */
  label?: string
  /** Where the offer of a full meter is decided. */
  placement?: string
}

/** How much of a feature is used, as a bar with its text. */
export const UsageMeter: ElementComponent<UsageMeterProps> = component('headroom-usage-meter', () => import('@headroomhq/js/elements/usage-meter'))

/** What Locked takes. */
export interface LockedProps extends ElementProps, OfferProps {
  feature: string
  placement?: string
  /** A button only, as in a menu. */
  compact?: boolean
  /** Beside the lock, while the feature is locked. Children are shown when it is allowed. */
  locked?: ReactNode
}

/** Its children where the feature is allowed; else a lock, with what opens it. */
export const Locked: ElementComponent<LockedProps> = component('headroom-locked', () => import('@headroomhq/js/elements/locked'), 'locked')

/** What UpgradeDialog takes. */
export interface UpgradeDialogProps extends ElementProps, OfferProps {
  placement: string
  feature?: string
  quantity?: number
  /** The person asked to see what there is to buy. */
  requested?: boolean
  /** Always a card in its place. */
  inline?: boolean
  /** Asks only when it is opened. */
  onDemand?: boolean
}

/** The offer of a placement: a dialog for interruptions and for open(), else a card. */
export const UpgradeDialog: ElementComponent<UpgradeDialogProps, UpgradeDialogElement> = component('headroom-upgrade-dialog', () => import('@headroomhq/js/elements/upgrade-dialog'))

/** What TrialBanner takes. */
export interface TrialBannerProps extends ElementProps, OfferProps {
  placement?: string
  /** More to do. */
  action?: ReactNode
}

/** How long a trial still runs, and what keeps what it gave. */
export const TrialBanner: ElementComponent<TrialBannerProps> = component('headroom-trial-banner', () => import('@headroomhq/js/elements/trial-banner'), 'action')

/** What SeatPrompt takes. */
export interface SeatPromptProps extends ElementProps, OfferProps {
  /** Of the kind seats. */
  feature: string
  /** Where more seats are offered: without it there is no button. */
  placement?: string
  /** Seats that are wanted now. */
  quantity?: number
  /** Tells of people who use the product outside of the plan. */
  outside?: boolean
}

/** The seats that are left, and one more where none is. */
export const SeatPrompt: ElementComponent<SeatPromptProps> = component('headroom-seat-prompt', () => import('@headroomhq/js/elements/seat-prompt'))

/** What PlanPage takes. */
export interface PlanPageProps extends ElementProps, OfferProps {
  /** Where offers are decided that save somebody who is about to leave; billing.page when left out. */
  placement?: string
  /** What the page leads to, before what its address says: a plan with its interval, an add-on, an offer or a decision. */
  plan?: string
  interval?: 'month' | 'year'
  addon?: string
  quantity?: number
  offer?: string
  decision?: string
  /** Keys of plans that may be chosen instead, as far as they are less. */
  smaller?: string
}

/** Plan, usage, invoices and what else there is: the page of pricing and billing. */
export const PlanPage: ElementComponent<PlanPageProps> = component('headroom-plan-page', () => import('@headroomhq/js/elements/plan-page'))

/** What NavBadge takes. */
export interface NavBadgeProps extends ElementProps, OfferProps {
  /** Left out, it is the one that the placement is about. */
  feature?: string
  kind?: 'new' | 'premium'
  placement?: string
}

/** "New" or "Premium" beside an entry of the menu. */
export const NavBadge: ElementComponent<NavBadgeProps> = component('headroom-nav-badge', () => import('@headroomhq/js/elements/nav-badge'))

/** What Survey takes. */
export interface SurveyProps extends ElementProps {
  placement: string
  /** Of what a wish is worth; USD when left out. */
  currency?: string
  onAnswered?: (event: HeadroomEvent) => void
  onDismissed?: (event: HeadroomEvent) => void
}

/** One question, now and then. */
export const Survey: ElementComponent<SurveyProps> = component('headroom-survey', () => import('@headroomhq/js/elements/survey'))

/** What Requests takes. */
export interface RequestsProps extends ElementProps {
  onAnswered?: (event: HeadroomEvent) => void
  onAccepted?: (event: HeadroomEvent<Outcome>) => void
  onUndone?: (event: HeadroomEvent<Outcome>) => void
}

/** What people have asked their admins for, and its answers. */
export const Requests: ElementComponent<RequestsProps> = component('headroom-requests', () => import('@headroomhq/js/elements/requests'))
