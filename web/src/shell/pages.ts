import type { ComponentType } from 'react'
import { Today } from '../today/Today'

interface ConsolePage {
  path: string
  title: string
  Page: ComponentType
}

/**
 * The navigation, in its final order: Today, Accounts, Moments, Offers, Pipeline, Revenue,
 * Experiments, Packaging, Incentives, Settings. A page is listed once it exists.
 */
export const pages: ConsolePage[] = [{ path: '/', title: 'Today', Page: Today }]
