import { lazy, type ComponentType } from 'react'
import { Today } from '../today/Today'

interface ConsoleRoute {
  path: string
  /** What the search calls it; left out where it is no page to go to. */
  name?: string
  /** Other words that people look for it by. */
  also?: string
  Page: ComponentType
}

interface ConsolePage {
  path: string
  title: string
  /** The page itself, and the pages below it that the navigation leaves out. */
  routes: ConsoleRoute[]
}

/**
 * The navigation, in its final order: Today, Accounts, Moments, Offers, Pipeline, Revenue,
 * Experiments, Packaging, Incentives, Settings. A page is listed once it exists. All but the
 * first are loaded when they are opened.
 */
export const pages: ConsolePage[] = [
  { path: '/', title: 'Today', routes: [{ path: '/', Page: Today }] },
  {
    path: '/accounts',
    title: 'Accounts',
    routes: [
      { path: '/accounts', Page: lazy(async () => ({ default: (await import('../accounts/Accounts')).Accounts })) },
      // The rest is the account's key, whatever it holds.
      { path: '/accounts/*', Page: lazy(async () => ({ default: (await import('../accounts/Account')).Account })) },
    ],
  },
  {
    path: '/moments',
    title: 'Moments',
    routes: [
      { path: '/moments', Page: lazy(async () => ({ default: (await import('../moments/Feed')).Feed })) },
      { path: '/moments/rules', name: 'Rules', also: 'signals, triggers', Page: lazy(async () => ({ default: (await import('../moments/Rules')).Rules })) },
      { path: '/moments/rules/:rule', Page: lazy(async () => ({ default: (await import('../moments/RuleEditor')).RuleEditor })) },
      { path: '/moments/new', name: 'New rule', also: 'write a signal', Page: lazy(async () => ({ default: (await import('../moments/RuleEditor')).RuleEditor })) },
      { path: '/moments/registry', name: 'Registry', also: 'hypotheses, compelling events', Page: lazy(async () => ({ default: (await import('../moments/Registry')).Registry })) },
      { path: '/moments/coverage', name: 'Coverage', also: 'events expected and received, rules that never fire', Page: lazy(async () => ({ default: (await import('../moments/Coverage')).Coverage })) },
      { path: '/moments/missed', name: 'Missed moments', also: 'money left on the table, no offer shown', Page: lazy(async () => ({ default: (await import('../moments/Missed')).Missed })) },
      { path: '/moments/precursors', name: 'Precursors', also: 'what precedes upgrades', Page: lazy(async () => ({ default: (await import('../moments/Precursors')).Precursors })) },
    ],
  },
  {
    path: '/offers',
    title: 'Offers',
    routes: [
      { path: '/offers', Page: lazy(async () => ({ default: (await import('../offers/Offers')).Offers })) },
      { path: '/offers/edit/:offer', Page: lazy(async () => ({ default: (await import('../offers/OfferEditor')).OfferEditor })) },
      { path: '/offers/contact', name: 'Contact policy', also: 'pressure rules, caps, budgets, quiet, cool-down', Page: lazy(async () => ({ default: (await import('../offers/Policy')).Policy })) },
      { path: '/offers/funnel', name: 'Funnel', also: 'drop-off, conversion, reversals', Page: lazy(async () => ({ default: (await import('../offers/Funnel')).Funnel })) },
      { path: '/offers/requests', name: 'Requests', also: 'who asked for an upgrade, approvals', Page: lazy(async () => ({ default: (await import('../offers/Requests')).Requests })) },
      { path: '/offers/decisions/:id', Page: lazy(async () => ({ default: (await import('../offers/Decision')).Decision })) },
    ],
  },
  {
    path: '/packaging',
    title: 'Packaging',
    routes: [
      { path: '/packaging', Page: lazy(async () => ({ default: (await import('../packaging/Packaging')).Packaging })) },
      { path: '/packaging/changes', name: 'Changes', also: 'the draft, what it changes, apply', Page: lazy(async () => ({ default: (await import('../packaging/Changes')).Changes })) },
      { path: '/packaging/versions', name: 'Versions', also: 'roll back, history of the catalog', Page: lazy(async () => ({ default: (await import('../packaging/Versions')).Versions })) },
      { path: '/packaging/value', name: 'Value', also: 'accounts out of the band', Page: lazy(async () => ({ default: (await import('../packaging/Value')).Value })) },
      { path: '/packaging/worksheet', name: 'Worksheet', also: 'design a catalog', Page: lazy(async () => ({ default: (await import('../packaging/Worksheet')).Worksheet })) },
      { path: '/packaging/features/:feature', Page: lazy(async () => ({ default: (await import('../packaging/Feature')).Feature })) },
      { path: '/packaging/limits/:feature', Page: lazy(async () => ({ default: (await import('../packaging/LimitDesigner')).LimitDesigner })) },
    ],
  },
]

/** The page of the navigation that an address belongs to. */
export function pageAt(location: string): ConsolePage | undefined {
  return pages.find(({ path }) => location === path || (path !== '/' && location.startsWith(`${path}/`)))
}
