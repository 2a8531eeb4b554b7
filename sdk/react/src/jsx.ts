import type { DetailedHTMLProps, HTMLAttributes } from 'react'

type Tag<Attributes> = DetailedHTMLProps<HTMLAttributes<HTMLElement>, HTMLElement> & { class?: string; part?: string } & Attributes

/** Set or not: an empty string sets it. */
type Flag = '' | boolean

/** The custom elements in JSX, for whoever writes their tags; boolean attributes are set by an empty string. */
export interface HeadroomElements {
  'headroom-usage-meter': Tag<{ feature: string; label?: string; placement?: string; admin?: string }>
  'headroom-locked': Tag<{ feature: string; placement?: string; compact?: Flag; admin?: string }>
  'headroom-upgrade-dialog': Tag<{ placement: string; feature?: string; quantity?: number; requested?: Flag; inline?: Flag; 'on-demand'?: Flag; admin?: string }>
  'headroom-trial-banner': Tag<{ placement?: string; admin?: string }>
  'headroom-seat-prompt': Tag<{ feature: string; placement?: string; quantity?: number; outside?: Flag; admin?: string }>
  'headroom-plan-page': Tag<{
    placement?: string
    plan?: string
    interval?: 'month' | 'year'
    addon?: string
    quantity?: number
    offer?: string
    decision?: string
    smaller?: string
    admin?: string
  }>
  'headroom-nav-badge': Tag<{ feature?: string; kind?: 'new' | 'premium'; placement?: string }>
  'headroom-survey': Tag<{ placement: string; currency?: string }>
  'headroom-requests': Tag<object>
}

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements extends HeadroomElements {}
  }
}
