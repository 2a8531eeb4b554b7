// Opens the upgrade dialog from inside another element. Only who is asked for it pays for it.
import type { HeadroomElement, OfferAt } from './base'
import type { HeadroomUpgradeDialog } from './upgrade-dialog'
import './upgrade-dialog'

/** Opens the dialog of a placement in the element's own shadow root: it looks as the element does, and gives the focus back. */
export function openOffer(host: HeadroomElement, { placement, feature, quantity }: OfferAt): void {
  const root = host.shadowRoot!
  let dialog = root.querySelector<HeadroomUpgradeDialog>(':scope > headroom-upgrade-dialog')
  if (!dialog) {
    dialog = document.createElement('headroom-upgrade-dialog')
    dialog.setAttribute('on-demand', '')
  }
  const set = { placement, feature, quantity: quantity ? String(quantity) : undefined, lang: host.lang, admin: host.getAttribute('admin') }
  for (const [name, value] of Object.entries(set)) {
    if (value) dialog.setAttribute(name, value)
    else dialog.removeAttribute(name)
  }
  dialog.client = host.preview ? undefined : host.client
  dialog.preview = host.preview
  if (!dialog.isConnected) root.append(dialog)
  dialog.open()
}
