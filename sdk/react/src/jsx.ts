import type { DetailedHTMLProps, HTMLAttributes } from 'react'

type Tag<Attributes> = DetailedHTMLProps<HTMLAttributes<HTMLElement>, HTMLElement> & { class?: string; part?: string } & Attributes

/** The custom elements in JSX, for whoever writes their tags; boolean attributes are set by an empty string. */
export interface HeadroomElements {
  'headroom-usage-meter': Tag<{ feature: string; label?: string }>
  'headroom-locked': Tag<{ feature: string; placement?: string }>
  'headroom-upgrade-dialog': Tag<{ placement: string; feature?: string; quantity?: number; requested?: '' | boolean; inline?: '' | boolean }>
  'headroom-trial-banner': Tag<{ placement?: string }>
  'headroom-seat-prompt': Tag<{ feature: string; placement: string }>
  'headroom-plan-page': Tag<{ placement?: string }>
  'headroom-nav-badge': Tag<{ feature: string; kind?: 'new' | 'premium'; placement?: string }>
  'headroom-survey': Tag<{ placement: string }>
  'headroom-requests': Tag<object>
}

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements extends HeadroomElements {}
  }
}
