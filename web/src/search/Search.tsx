import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import { useLocation } from 'wouter'
import { accountHref } from '../accounts/address'
import { foundQuery } from '../api/accounts'
import { definitionsQuery } from '../api/queries'
import { words } from '../lib/format'
import { find, places, type Found, type PageAddress } from './find'
import classes from './Search.module.css'

/** How long after the last key the server is asked for accounts. */
const pause = 120

const mac = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.userAgent)

/** Finds accounts, features, offers, signals and pages: a button, and Ctrl or Cmd with K everywhere. */
export function Search({ pages }: { pages: PageAddress[] }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [open, setOpen] = useState(false)
  useEffect(() => {
    const key = (event: globalThis.KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return
      if (document.querySelector('dialog[open]') && !dialog.current?.open) return // something is being answered
      event.preventDefault()
      setOpen((was) => !was)
    }
    window.addEventListener('keydown', key)
    return () => window.removeEventListener('keydown', key)
  }, [])
  useEffect(() => {
    const element = dialog.current
    if (open && element && !element.open) element.showModal()
    if (!open && element?.open) element.close()
  }, [open])
  return (
    <>
      <button type="button" className={classes.button} onClick={() => setOpen(true)} aria-haspopup="dialog" aria-keyshortcuts="Control+K Meta+K">
        <svg width="16" height="16" viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" aria-hidden="true">
          <path d="M13.500 13.500 17 17M15 9A6 6 0 1 1 3 9a6 6 0 0 1 12 0Z" />
        </svg>
        <span className={classes.label}>Search</span>
        <kbd aria-hidden="true">{mac ? '⌘' : 'Ctrl'} K</kbd>
      </button>
      <dialog ref={dialog} className={classes.dialog} aria-label="Search everything" onClose={() => setOpen(false)} onClick={(event) => event.target === dialog.current && setOpen(false)}>
        {open && <Finder pages={pages} close={() => setOpen(false)} />}
      </dialog>
    </>
  )
}

function Finder({ pages, close }: { pages: PageAddress[]; close: () => void }) {
  const id = useId()
  const [, go] = useLocation()
  const [text, setText] = useState('')
  const [asked, setAsked] = useState('')
  const [at, setAt] = useState(0)
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text.trim()), pause)
    return () => clearTimeout(timer)
  }, [text])
  const catalog = useQuery(definitionsQuery).data
  const accounts = useQuery({ ...foundQuery(asked), enabled: asked !== '', placeholderData: keepPreviousData })
  const all = useMemo(() => places(pages, catalog), [pages, catalog])
  // What was found for an earlier text is none of this one's: Enter would open it.
  const answered = asked === text.trim() && !accounts.isPlaceholderData
  const items: Found[] = [
    ...find(all, text),
    ...(text.trim() === '' || !answered ? [] : (accounts.data?.items ?? []).map((each): Found => ({ kind: 'Account', title: each.name || each.key, about: [each.name ? each.key : '', each.plan ? words(each.plan) : ''].filter(Boolean).join(', '), path: accountHref(each.key) }))),
  ]
  const chosen = Math.min(at, items.length - 1)
  const settled = asked === text.trim() && !accounts.isFetching
  const openIt = (item: Found | undefined) => {
    if (!item) return
    close()
    go(item.path)
  }
  const keys = (event: KeyboardEvent) => {
    const to = { ArrowDown: chosen + 1, ArrowUp: chosen - 1 }[event.key]
    if (to !== undefined) {
      event.preventDefault()
      setAt((to + items.length) % Math.max(items.length, 1))
    }
    if (event.key === 'Enter') {
      event.preventDefault()
      openIt(items[chosen])
    }
  }
  useEffect(() => {
    void document.getElementById(`${id}-${chosen}`)?.scrollIntoView({ block: 'nearest' })
  }, [id, chosen])
  return (
    <div className={classes.sheet}>
      <input
        autoFocus
        type="text"
        role="combobox"
        aria-label="Search accounts, features, offers, signals and pages"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={items.length > 0 ? `${id}-${chosen}` : undefined}
        placeholder="Accounts, features, offers, signals, pages"
        autoComplete="off"
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value)
          setAt(0)
        }}
        onKeyDown={keys}
      />
      <ul id={`${id}-list`} role="listbox" aria-label="What was found" className={classes.list}>
        {items.map((item, index) => (
          // The keyboard stays in the field above: it says which one is chosen.
          <li key={`${item.kind} ${item.path}`} id={`${id}-${index}`} role="option" aria-selected={index === chosen} onClick={() => openIt(item)} onMouseMove={() => setAt(index)}>
            <span className={classes.title}>{item.title}</span>
            <span className={classes.about}>{item.about}</span>
            <span className={classes.kind}>{item.kind}</span>
          </li>
        ))}
      </ul>
      <p role="status" className={classes.status}>
        {items.length === 0 ? (settled ? `Nothing is called “${text.trim()}”.` : 'Searching…') : 'Arrows choose, Enter opens, Escape closes.'}
      </p>
    </div>
  )
}
