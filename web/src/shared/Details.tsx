import type { ReactNode } from 'react'
import { csv, download } from '../lib/csv'
import { Dialog } from './Dialog'
import classes from './Details.module.css'
import { useOpen } from './open'

interface DetailsProps {
  name: string
  title: string
  /** How the figure is counted, in sentences. */
  definition: ReactNode
  children: ReactNode
}

/**
 * What a figure opens into: its definition, its parts as a table, its CSV. The address says
 * that it is open.
 */
export function Details({ name, title, definition, children }: DetailsProps) {
  const [open, setOpen] = useOpen(name)
  return (
    <Dialog title={title} open={open} close={() => setOpen(false)}>
      {children}
      <h3 className={classes.sub}>How it is counted</h3>
      <div className={classes.definition}>{definition}</div>
    </Dialog>
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
      <div className={classes.scroll} tabIndex={0} role="group" aria-label={caption}>
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
