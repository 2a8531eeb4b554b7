/**
 * Headroom for React: a provider, hooks, and the web components as components.
 *
 * @packageDocumentation
 */
export { HeadroomProvider, useHeadroom, type HeadroomProviderProps } from './provider'
export { useDecision, useEntitlement, useUsage, useVariant, type DecisionActions, type DecisionAnswer } from './hooks'
export { type Answer, type InitialEntitlements, type Usage } from './answer'
export * from './elements'
export type { HeadroomElements } from './jsx'
