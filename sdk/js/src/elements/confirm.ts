// The confirmation of a charge: nothing is charged that was not shown here. An alertdialog whose focus begins on
// Cancel; when the price has moved meanwhile it shows the new one and asks again; a repeated yes buys once.
// Elements load it when somebody is about to buy.
import type { Money, Outcome, Preview, ProblemShape } from '../core/types'
import { h, sheet, texts, type Child, type HeadroomElement } from './base'
import type { Billing } from './billing'
import type { Insides } from './inside'
import { boughtHere, each, positive } from './offer'

texts('confirm', {
  en: {
    due: '{amount} now,', back: '{amount} back now,', free: 'Nothing now,', then: 'then {amount}.', now: 'Due now', total: 'Total', next: 'Next invoice, {date}', no_next: 'There is no further invoice.',
    dropped: 'This goes away with it: {what}.', cancel: 'Cancel', pay: 'Confirm and pay {amount}', confirm: 'Confirm', moved: 'The price has changed since it was shown. Please look again: nothing was bought.',
    over: 'This cannot be bought any more, and nothing was charged. {why}', unsure: 'No answer came, so it is not known whether it was bought. Try again: it is bought once at most.',
    unreachable: 'The server cannot be reached. Nothing was bought.', failed: 'That did not work. Nothing was bought.', undo: 'Undo', undone: 'Taken back. Nothing has changed.',
    unknown: 'It is not known whether it was bought. Look at your plan before you buy it again.', since: 'Something else was changed since, so this cannot be taken back here. Look at your plan.',
  },
})

const css = `
dialog.confirm{border:1px solid var(--b);border-radius:var(--r);background:var(--s);color:var(--t);padding:calc(var(--p)*3);inline-size:min(32rem,calc(100vw - 2rem));max-block-size:calc(100dvh - 2rem);overflow:auto;box-shadow:var(--sh)}
dialog.confirm.still{position:static;margin:var(--p) 0 0;max-inline-size:100%;max-block-size:none}
dialog.confirm::backdrop{background:rgb(0 0 0/.5)}
dialog.confirm>*+*,.figures>*+*{margin-block-start:calc(var(--p)*1.5)}
table{inline-size:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
caption{text-align:start;font-weight:600}
th{font-weight:400;text-align:start;padding-block:.125rem;padding-inline-end:1rem}
td{text-align:end;white-space:nowrap}
tfoot *{border-block-start:1px solid var(--b);font-weight:600}
.check{display:flex;gap:.5em;align-items:center}
.check input{min-block-size:1.25rem;inline-size:1.25rem;flex:none;accent-color:var(--a)}
.buttons{display:flex;flex-wrap:wrap;gap:var(--p);justify-content:flex-end}
`

/** What is to be bought. */
export interface Charge {
  /** The question: "Upgrade to Pro?" */
  title: string
  interval?: string
  /** What is said above the figures, such as what would be lost. */
  notes?: Child
  /** What else is asked, such as a standing approval. */
  extra?: Child
  preview(): Promise<Preview>
  /** Buys with the token of the preview that was shown. Called again with the same token it buys nothing more. */
  accept(token: string): Promise<Outcome>
}

const problem = (error: unknown): Pick<ProblemShape, 'status' | 'detail'> => ({ status: 0, detail: '', ...pick(error as ProblemShape) })
const pick = (p: ProblemShape | undefined) => (p?.status ? { status: p.status, detail: p.detail } : {})

function who(host: HeadroomElement): string {
  const { account, user } = host.client.snapshot()
  return `${account} ${user}`
}

/** Runs when somebody else is there, or nobody. Returns what ends it. */
function whenParted(host: HeadroomElement, run: () => void): () => void {
  const first = who(host)
  return host.client.subscribe(() => who(host) === first || run())
}

/** A charge that is shown may be meant for a click only when it could be read: not with the second click of two, nor with one that was on its way. */
const readable = 700

function table(host: HeadroomElement, caption: string, lines: { title: string; amount: Money }[], total: Money) {
  const line = (title: string, amount: Money) => h('tr', {}, h('th', { scope: 'row' }, title), h('td', {}, host.money(amount)))
  return h('table', { part: 'lines' }, h('caption', {}, caption), h('tbody', {}, lines.map((l) => line(l.title, l.amount))), h('tfoot', {}, line(host.t('confirm.total'), total)))
}

function figures(host: HeadroomElement, p: Preview, interval?: string): Node[] {
  const due = Number(p.now.amount), next = p.next_invoice
  return [
    h('p', { part: 'price', id: 'confirm-sum' },
      h('strong', {}, host.t(due < 0 ? 'confirm.back' : due ? 'confirm.due' : 'confirm.free', { amount: host.money(positive(p.now)) })), ' ',
      host.t('confirm.then', { amount: each(host, p.recurring, interval) })),
    ...(p.dropped?.length ? [h('p', { part: 'dropped' }, host.t('confirm.dropped', { what: p.dropped.map((d) => d.addon).join(', ') }))] : []),
    ...(p.lines?.length ? [table(host, host.t('confirm.now'), p.lines, p.now)] : []),
    next?.at ? table(host, host.t('confirm.next', { date: host.date(next.at, { dateStyle: 'long', timeZone: 'UTC' }) }), next.lines ?? [], next.total) : h('p', {}, host.t('confirm.no_next')),
  ]
}

/**
 * Shows what a purchase costs and asks. Resolves with what came of it, or with undefined when it was cancelled; rejects
 * when no price could be had. The focus goes back to where it was.
 */
export async function confirmCharge(host: HeadroomElement, charge: Charge): Promise<Outcome | undefined> {
  const asks = who(host)
  let shown = await charge.preview()
  if (who(host) !== asks) return undefined
  const root = host.shadowRoot!
  const own = sheet(css)
  if (own && !root.adoptedStyleSheets.includes(own)) root.adoptedStyleSheets.push(own)
  const body = h('div', { class: 'figures' })
  const trouble = h('p', { part: 'trouble', class: 'trouble', role: 'alert' })
  const no = h('button', { part: 'cancel', type: 'button' }, host.t('confirm.cancel'))
  const yes = h('button', { part: 'confirm', class: 'main', type: 'button' })
  const dialog = h('dialog', { part: 'confirm-dialog', class: host.preview ? 'confirm still' : 'confirm', role: 'alertdialog', 'aria-labelledby': 'confirm-title', 'aria-describedby': 'confirm-sum', lang: host.language },
    h('h2', { id: 'confirm-title', part: 'title' }, charge.title), charge.notes, body, charge.extra, trouble, h('div', { class: 'buttons' }, no, yes))
  let paying = false
  let shownAt = 0
  let outcome: Outcome | undefined
  let running: Promise<void> | undefined
  let parted = false
  let unsure = false // whether it was bought
  let refused: unknown // after the dialog was closed
  let gone = () => {}
  const leave = () => {
    dialog.close()
    gone()
  }
  const mayPay = () => {
    for (const b of [yes, no]) b.setAttribute('aria-disabled', String(paying || (b === yes && performance.now() < shownAt + readable)))
  }
  const show = (p: Preview) => {
    shown = p
    body.replaceChildren(...figures(host, p, charge.interval))
    yes.textContent = Number(p.now.amount) > 0 ? host.t('confirm.pay', { amount: host.money(p.now) }) : host.t('confirm.confirm')
    shownAt = host.preview ? -readable : performance.now()
    setTimeout(mayPay, readable + 1)
    mayPay()
  }
  const busy = (on: boolean) => {
    paying = on
    mayPay()
  }
  /** What was shown is so no longer: shows what is, and asks again. */
  const again = async () => {
    try {
      show(await charge.preview())
      trouble.textContent = host.t('confirm.moved')
    } catch (e) {
      const p = problem(e)
      yes.hidden = p.status > 0 // there is nothing left to say yes to
      trouble.textContent = p.status ? host.t('confirm.over', { why: p.detail }) : host.t('confirm.unreachable')
    }
    no.focus()
  }
  const pay = async () => {
    busy(true)
    trouble.textContent = ''
    try {
      outcome = await charge.accept(shown.token)
      unsure = false
      leave()
    } catch (e) {
      const p = problem(e)
      const lost = p.status === 0 || p.status >= 500
      unsure ||= lost
      if (!dialog.open) refused = lost ? undefined : e
      else if (p.status === 409 || p.status === 412) await again()
      else trouble.textContent = lost ? host.t('confirm.unsure') : `${host.t('confirm.failed')} ${p.detail}`
    }
    busy(false)
  }
  yes.addEventListener('click', (e) => {
    // A keyboard has no click that was meant for something else: the focus begins on Cancel.
    if (!paying && (!e.detail || performance.now() >= shownAt + readable)) running = pay()
  })
  no.addEventListener('click', () => paying || leave())
  dialog.addEventListener('cancel', (e) => {
    e.preventDefault()
    if (!paying) leave() // else it is too late
  })
  // The event comes later than the next click may; a browser also closes it on a second Escape, whatever is said.
  const closed = new Promise<void>((done) => {
    gone = done
    dialog.addEventListener('close', () => done())
  })
  let end!: () => void
  const parting = new Promise<void>((done) => {
    end = whenParted(host, () => {
      parted = true
      leave()
      done()
    })
  })
  const back = root.activeElement as HTMLElement | null
  show(shown)
  root.append(dialog)
  if (host.preview) dialog.open = true // in its place, and over nothing
  else {
    dialog.showModal()
    no.focus()
  }
  await closed
  dialog.remove()
  if (!host.preview) back?.focus()
  await Promise.race([running, parting]) // what is being bought comes to its end, whoever closed the dialog
  end()
  if (parted) return undefined
  if (refused) throw refused
  if (unsure && !outcome) {
    for (const question of ['billing', 'requests', 'decision', 'asked']) (host as unknown as Insides).forget(question)
    note(host, host.t('confirm.unknown'))
  }
  return outcome
}

let last: (() => void) | undefined

/** Says something politely below what the element shows: one thing in a page, to who is there now. */
function note(host: HeadroomElement, words: string, ...more: Node[]): HTMLElement {
  last?.()
  const said = h('span', {})
  const box = h('div', { part: 'status', class: 'row', role: 'status', lang: host.language })
  const root = host.shadowRoot!
  for (const old of [...root.children]) if (old.part.contains('status')) old.remove()
  root.append(box)
  const remove = () => {
    end()
    box.remove()
  }
  const end = whenParted(host, remove)
  last = remove
  requestAnimationFrame(() => { // a live region speaks of what comes into it later
    said.textContent = words
    box.append(said, ...more)
  })
  return said
}

/** Takes the purchase back that can be undone until then, unless something else was changed since. */
export async function takeBack(host: HeadroomElement, until: string): Promise<Outcome> {
  const { client } = host
  const { token } = await client.previewChange({ undo: true }) // good for what is the last change now
  const { subscription } = await client.call<Billing>('GET', '/v1/accounts/{account}/billing')
  if (!boughtHere(host, until) || subscription.undo?.until !== until) throw { status: -1, code: 'changed_since', detail: host.t('confirm.since'), mend: '' }
  return client.undo(token)
}

/**
 * Says politely what was bought, with Undo for as long as it can be taken back. That is counted from the answer's own
 * time: a page's clock may be wrong. undone is called when it was taken back.
 */
export function saidBought(host: HeadroomElement, words: string, outcome: Outcome, undone: () => void): void {
  const undo = outcome.subscription?.undo
  const from = outcome['at'] ?? outcome['changed_at'] ?? outcome.subscription?.['changed_at']
  const left = undo?.until ? Date.parse(undo.until) - Date.parse(String(from)) : 0
  if (undo?.until) boughtHere(host, undo.until, true)
  const trouble = h('span', { class: 'trouble' })
  const button = h('button', { part: 'undo', type: 'button' }, host.t('confirm.undo'))
  const said = note(host, words, ...(left > 0 ? [button] : []), trouble)
  const end = setTimeout(() => button.remove(), Math.min(left, 2 ** 31 - 1))
  button.addEventListener('click', async () => {
    if (button.getAttribute('aria-disabled') === 'true') return
    button.setAttribute('aria-disabled', 'true')
    trouble.textContent = ''
    try {
      const back = await takeBack(host, undo!.until!)
      clearTimeout(end)
      button.remove()
      said.textContent = host.t('confirm.undone')
      host.emit('undone', back)
      undone()
    } catch (e) {
      trouble.textContent = problem(e).detail || host.t('confirm.unsure')
    }
    button.removeAttribute('aria-disabled')
  })
}
