import { createElement, useEffect, useLayoutEffect, useRef, type CSSProperties, type ReactNode, type Ref } from 'react'
import type { Decision, Headroom, Outcome, ProblemShape } from '@headroomhq/js'
import { unreachable } from './answer'
import { useHeadroom } from './provider'

/** What every component takes. */
export interface ElementProps {
  className?: string
  style?: CSSProperties
  id?: string
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

/**
 * A custom element as a component. What it is told in words are attributes, which a server renders and hydration meets
 * again; objects are properties, set before the element's code is there to look at them; the code is loaded in the browser,
 * when the first one is shown.
 */
function Wrapped({ tag, load, props, slots }: { tag: string; load: () => Promise<unknown>; props: Values; slots?: Record<string, ReactNode> }) {
  const provided = useHeadroom()
  const own = useRef<HTMLElement | null>(null)
  const { className, style, id, children, ref, preview, client = provided, ...rest } = props as ElementProps & Values
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

  const named = Object.entries(slots ?? {}).flatMap(([slot, node]) => (node === undefined ? [] : [<div key={slot} slot={slot}>{node}</div>]))
  return createElement(
    tag,
    {
      ...attributes,
      ...(className !== undefined && { class: className }),
      ...(id !== undefined && { id }),
      ...(style !== undefined && { style }),
      ref: (element: HTMLElement | null) => {
        own.current = element
        if (typeof ref === 'function') ref(element)
        else if (ref) (ref as { current: HTMLElement | null }).current = element
      },
      // An element may have come to life, and changed its own attributes, before React gets to it.
      suppressHydrationWarning: true,
    },
    children,
    ...named,
  )
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
export function UsageMeter(props: UsageMeterProps) {
  return <Wrapped tag="headroom-usage-meter" load={usageMeter} props={{ ...props }} />
}
const usageMeter = () => import('@headroomhq/js/elements/usage-meter')

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
export function Locked({ locked, ...props }: LockedProps) {
  return <Wrapped tag="headroom-locked" load={lockedCode} props={props} slots={{ locked }} />
}
const lockedCode = () => import('@headroomhq/js/elements/locked')

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
export function UpgradeDialog(props: UpgradeDialogProps) {
  return <Wrapped tag="headroom-upgrade-dialog" load={upgradeDialog} props={{ ...props }} />
}
const upgradeDialog = () => import('@headroomhq/js/elements/upgrade-dialog')

/** What TrialBanner takes. */
export interface TrialBannerProps extends ElementProps, OfferProps {
  placement?: string
  /** More to do. */
  action?: ReactNode
}

/** How long a trial still runs, and what keeps what it gave. */
export function TrialBanner({ action, ...props }: TrialBannerProps) {
  return <Wrapped tag="headroom-trial-banner" load={trialBanner} props={props} slots={{ action }} />
}
const trialBanner = () => import('@headroomhq/js/elements/trial-banner')

/** What SeatPrompt takes. */
export interface SeatPromptProps extends ElementProps, OfferProps {
  /** Of the kind seats. */
  feature: string
  placement: string
  /** Seats that are wanted now. */
  quantity?: number
  /** Tells of people who use the product outside of the plan. */
  outside?: boolean
}

/** The seats that are left, and one more where none is. */
export function SeatPrompt(props: SeatPromptProps) {
  return <Wrapped tag="headroom-seat-prompt" load={seatPrompt} props={{ ...props }} />
}
const seatPrompt = () => import('@headroomhq/js/elements/seat-prompt')

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
export function PlanPage(props: PlanPageProps) {
  return <Wrapped tag="headroom-plan-page" load={planPage} props={{ ...props }} />
}
const planPage = () => import('@headroomhq/js/elements/plan-page')

/** What NavBadge takes. */
export interface NavBadgeProps extends ElementProps, OfferProps {
  feature: string
  kind?: 'new' | 'premium'
  placement?: string
}

/** "New" or "Premium" beside an entry of the menu. */
export function NavBadge(props: NavBadgeProps) {
  return <Wrapped tag="headroom-nav-badge" load={navBadge} props={{ ...props }} />
}
const navBadge = () => import('@headroomhq/js/elements/nav-badge')

/** What Survey takes. */
export interface SurveyProps extends ElementProps {
  placement: string
  /** Of what a wish is worth; USD when left out. */
  currency?: string
  onAnswered?: (event: HeadroomEvent) => void
  onDismissed?: (event: HeadroomEvent) => void
}

/** One question, now and then. */
export function Survey(props: SurveyProps) {
  return <Wrapped tag="headroom-survey" load={survey} props={{ ...props }} />
}
const survey = () => import('@headroomhq/js/elements/survey')

/** What Requests takes. */
export interface RequestsProps extends ElementProps {
  onAnswered?: (event: HeadroomEvent) => void
  onAccepted?: (event: HeadroomEvent<Outcome>) => void
  onUndone?: (event: HeadroomEvent<Outcome>) => void
}

/** What people have asked their admins for, and its answers. */
export function Requests(props: RequestsProps) {
  return <Wrapped tag="headroom-requests" load={requests} props={{ ...props }} />
}
const requests = () => import('@headroomhq/js/elements/requests')
