// Loads the confirmation when somebody is about to buy.
import { texts, type HeadroomElement } from './base'

texts('paying', { en: { unloaded: 'A part of this page could not be loaded, and nothing was bought. Try again; if that does not help, load the page anew.' } })

let failed = 0

/** The confirmation. A browser remembers of an address that it could not be loaded, so the next click asks for another one. */
export async function confirmation(host: HeadroomElement): Promise<typeof import('./confirm')> {
  try {
    return await (failed ? import(/* @vite-ignore */ import.meta.url.replace(/[^/]*$/, `confirm.js?${failed}`)) : import('./confirm'))
  } catch {
    failed++
    throw { status: -1, code: 'unloaded', detail: host.t('paying.unloaded'), mend: '' }
  }
}
