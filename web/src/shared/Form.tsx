import type { ReactNode } from 'react'

interface FormProps {
  className?: string | undefined
  /** Called when it is sent, by a button or a key; the fields say themselves what is wrong. */
  send: () => void
  children: ReactNode
}

/** A form that the console answers itself: the browser neither checks nor sends it. */
export function Form({ className, send, children }: FormProps) {
  return (
    <form
      noValidate
      className={className}
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      {children}
    </form>
  )
}
