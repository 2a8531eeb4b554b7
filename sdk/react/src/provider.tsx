import { createHeadroom, headroom, type Config, type Headroom } from '@headroomhq/js'
import { createContext, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react'
import { Initial, note, type InitialEntitlements } from './answer'

/** What HeadroomProvider takes: a config, of which it makes a client of its own, or a client that somebody else keeps. */
export type HeadroomProviderProps = {
  children?: ReactNode
  /**
   * What the backend fetched for the first page (GET /v1/accounts/{account}/entitlements): rendered at once, on the server
   * too, until the client has heard of newer ones or somebody else is there. Read at the first render only.
   */
  initialEntitlements?: InitialEntitlements
} & (
  | {
      /**
       * Where Headroom is, and who the person is. Another endpoint, key, account, user or language begins anew; the
       * functions in it may be new ones at every render.
       */
      config: Config
      client?: undefined
    }
  | { client: Headroom; config?: undefined }
)

interface Context {
  client: Headroom
  initial: Initial | undefined
}

const HeadroomContext = createContext<Context>({ client: headroom, initial: undefined })

/**
 * Gives the hooks and components below it a client. With a config it makes one, opens it in the browser when mounted and
 * closes it when unmounted; a client that is given stays open. On a server it asks nothing.
 */
export function HeadroomProvider({ client: given, config, initialEntitlements, children }: HeadroomProviderProps) {
  const [made] = useState(() => (given ? undefined : createHeadroom()))
  const client = given ?? made ?? headroom
  const [initial] = useState(() => new Initial(initialEntitlements))
  // Before the client is opened: whose it was has to be known when somebody else comes.
  useEffect(() => {
    initial.at(client.snapshot())
    return client.subscribe((snapshot) => void initial.at(snapshot))
  }, [client, initial])
  const latest = useRef(config)
  useEffect(() => {
    latest.current = config
  })

  const { endpoint, key, account, user, language } = config ?? {}
  const token = typeof config?.token === 'function' ? 'asked for' : config?.token
  useEffect(() => {
    if (!made || !latest.current) return
    made.init({
      ...latest.current,
      ...(typeof latest.current.token === 'function' && { token: () => fresh(latest.current) }),
      onError: (problem) => {
        note(made, problem)
        latest.current?.onError?.(problem)
      },
    })
    return () => made.close?.()
  }, [made, endpoint, key, token, account, user, language])

  const value = useMemo(() => ({ client, initial }), [client, initial])
  return <HeadroomContext.Provider value={value}>{children}</HeadroomContext.Provider>
}

/** A token by the function that the last render gave. */
async function fresh(config: Config | undefined): Promise<string> {
  return typeof config?.token === 'function' ? await config.token() : (config?.token ?? '')
}

/** The client of the nearest HeadroomProvider; without one, the page's own `headroom`. */
export function useHeadroom(): Headroom {
  return useContext(HeadroomContext).client
}

/** The client, with what the page was rendered with. */
export function useHeadroomContext(): Context {
  return useContext(HeadroomContext)
}
