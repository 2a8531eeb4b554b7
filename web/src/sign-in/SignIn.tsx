import { Button, PasswordInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { post, problemOf } from '../api/client'
import { sessionQuery } from '../api/queries'
import { Mark } from '../shell/Mark'
import classes from './SignIn.module.css'

/** `unreachable` is why the server could not be asked who we are, null when it answered. */
export function SignIn({ unreachable }: { unreachable: Error | null }) {
  const client = useQueryClient()
  const [password, setPassword] = useState('')
  const input = useRef<HTMLInputElement>(null)
  const enter = useMutation({
    mutationFn: () => post('/v1/session', { password }),
    onSuccess: () => client.invalidateQueries({ queryKey: sessionQuery.queryKey }),
    onError: () => input.current?.select(),
  })
  useEffect(() => {
    document.title = 'Sign in · Headroom'
  }, [])

  const error = enter.error ?? unreachable
  const problem = error && problemOf(error)

  return (
    <main className={classes.frame}>
      <form
        className={classes.card}
        onSubmit={(event) => {
          event.preventDefault()
          enter.mutate()
        }}
      >
        <div className={classes.brand}>
          <Mark size={34} />
          <h1>Sign in to Headroom</h1>
        </div>
        {/* Password managers file an entry under a name; the console has one. */}
        <input type="text" name="username" value="admin" autoComplete="username" readOnly hidden />
        <PasswordInput
          ref={input}
          label="Password"
          description="The administrator's, set when this server was first started."
          name="password"
          autoComplete="current-password"
          size="md"
          autoFocus
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          aria-describedby={problem ? 'sign-in-problem' : undefined}
          aria-invalid={enter.isError || undefined}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
        />
        <p id="sign-in-problem" role="alert" className={classes.problem}>
          {problem && (
            <>
              <strong>{problem.message}</strong> {problem.mend}
            </>
          )}
        </p>
        <Button type="submit" size="md" fullWidth loading={enter.isPending} disabled={password === ''}>
          Sign in
        </Button>
        {unreachable && (
          <Button variant="default" size="md" fullWidth onClick={() => void client.invalidateQueries({ queryKey: sessionQuery.queryKey })}>
            Try again
          </Button>
        )}
      </form>
    </main>
  )
}
