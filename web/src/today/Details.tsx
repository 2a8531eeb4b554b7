import { useEffect, useId, useRef, type ReactNode } from 'react'
import { csv, download } from '../lib/csv'
import classes from './Details.module.css'
import { useOpen } from './period'

interface DetailsProps {
  name: string
  title: string
  /** How the figure is counted, in sentences. */
  definition: ReactNode
  children: ReactNode
}

/**
 * What a figure opens into: its definition, its parts as a table, its CSV. The address says
 * that it is open. The browser's own dialog keeps the focus in and gives it back.
 */
export function Details({ name, title, definition, children }: DetailsProps) {
  const [open, setOpen] = useOpen(name)
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
      className={classes.dialog}
      aria-labelledby={heading}
      onClose={() => open && setOpen(false)}
      onClick={(event) => event.target === dialog.current && setOpen(false)}
    >
      {open && (
        <div className={classes.sheet}>
          <div className={classes.head}>
            <h2 id={heading} tabIndex={-1}>
              {title}
            </h2>
            <button type="button" className={classes.close} onClick={() => setOpen(false)} aria-label="Close">
              <svg width="18" height="18" viewBox="0 0 20 20" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" aria-hidden="true">
                <path d="M5 5l10 10M15 5L5 15" />
              </svg>
            </button>
          </div>
          {children}
          <h3 className={classes.sub}>How it is counted</h3>
          <div className={classes.definition}>{definition}</div>
        </div>
      )}
    </dialog>
  )
}

export interface Column<T> {
  title: string
  /** As a person reads it. */
  show: (row: T) => ReactNode
  /** As it stands in the CSV. */
  value: (row: T) => string | number | null
  /** Text columns stand left, numbers right. */
  text?: boolean
}

interface DataTableProps<T> {
  caption: string
  file: string
  columns: Column<T>[]
  rows: T[]
  rowKey: (row: T) => string
  emphasised?: (row: T) => boolean
}

/** A table with its CSV. The first column names the row. */
export function DataTable<T>({ caption, file, columns, rows, rowKey, emphasised }: DataTableProps<T>) {
  const save = () =>
    download(
      file,
      csv(
        columns.map((column) => column.title),
        rows.map((row) => columns.map((column) => column.value(row))),
      ),
    )
  return (
    <>
      <div className={classes.bar}>
        <span>{caption}</span>
        <button type="button" className={classes.link} onClick={save}>
          Download CSV
        </button>
      </div>
      <div className={classes.scroll} tabIndex={0} role="region" aria-label={caption}>
        <table className={classes.table}>
          <caption className="hidden">{caption}</caption>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column.title} scope="col" className={column.text ? classes.text : undefined}>
                  {column.title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={rowKey(row)} className={emphasised?.(row) ? classes.emphasised : undefined}>
                {columns.map((column, index) =>
                  index === 0 ? (
                    <th key={column.title} scope="row" className={column.text ? classes.text : undefined}>
                      {column.show(row)}
                    </th>
                  ) : (
                    <td key={column.title} className={column.text ? classes.text : undefined}>
                      {column.show(row)}
                    </td>
                  ),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}

/** A button that opens the details called name, as quiet as a link. */
export function OpenDetails({ name, children, label }: { name: string; children: ReactNode; label?: string }) {
  const [, setOpen] = useOpen(name)
  return (
    <button type="button" className={classes.link} onClick={() => setOpen(true)} aria-haspopup="dialog" aria-label={label}>
      {children}
    </button>
  )
}
