import { useEffect, useId, useRef, type ReactNode } from 'react'
import classes from './Dialog.module.css'

interface DialogProps {
  title: string
  open: boolean
  close: () => void
  /** For a short form rather than a table. */
  narrow?: boolean
  children: ReactNode
}

/** The browser's own dialog: it keeps the focus in, closes with Escape and gives the focus back. */
export function Dialog({ title, open, close, narrow = false, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()

  useEffect(() => {
    const element = dialog.current
    if (!element) return
    if (open && !element.open) element.showModal()
    if (!open && element.open) element.close()
  }, [open])

  return (
    <dialog
      ref={dialog}
      className={narrow ? `${classes.dialog} ${classes.narrow}` : classes.dialog}
      aria-labelledby={heading}
      onClose={() => open && close()}
      onClick={(event) => event.target === dialog.current && close()}
    >
      {open && (
        <div className={classes.sheet}>
          <div className={classes.head}>
            <h2 id={heading} tabIndex={-1}>
              {title}
            </h2>
            <button type="button" className={classes.close} onClick={close} aria-label="Close">
              <svg width="18" height="18" viewBox="0 0 20 20" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" aria-hidden="true">
                <path d="M5 5l10 10M15 5L5 15" />
              </svg>
            </button>
          </div>
          {children}
        </div>
      )}
    </dialog>
  )
}
