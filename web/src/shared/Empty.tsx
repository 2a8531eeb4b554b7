import { useEffect, useState, type ReactNode } from 'react'
import classes from './Empty.module.css'

interface EmptyProps {
  title: string
  children: ReactNode
  /** What to type or paste next. */
  snippet: string
}

/** A part of the page with nothing in it yet says what puts something there. */
export function Empty({ title, children, snippet }: EmptyProps) {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 2_000)
    return () => clearTimeout(timer)
  }, [copied])
  const copy = () =>
    navigator.clipboard.writeText(snippet).then(
      () => setCopied(true),
      () => setCopied(false), // refused by the browser: the text can still be selected
    )
  return (
    <div className={classes.empty}>
      <p className={classes.title}>{title}</p>
      <p className={classes.words}>{children}</p>
      <div className={classes.snippet}>
        <pre tabIndex={0} aria-label="Snippet">
          <code>{snippet}</code>
        </pre>
        <button type="button" onClick={() => void copy()} aria-label="Copy the snippet">
          {copied ? 'Copied' : 'Copy'}
        </button>
        <span role="status" className="hidden">
          {copied ? 'Copied' : ''}
        </span>
      </div>
    </div>
  )
}
