import { createHeadroom, type Decision, type Headroom } from '@headroomhq/js'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Questions, type Question } from './questions'

// A server that does what it is told to, and answers nothing that it is asked.
const unheard = {
  endpoint: 'https://headroom.invalid',
  persist: false,
  fetch: async (_: unknown, how?: RequestInit) => (how?.method === 'DELETE' ? new Response(null, { status: 204 }) : new Promise<Response>(() => undefined)),
}

/** A client that knows of the person what it is told. */
async function clientOf(account: string, user: string): Promise<Headroom> {
  const client = createHeadroom()
  client.init({ ...unheard, account, user })
  await settled()
  return client
}

/** Changes something, whereupon offers may be others. */
const revise = (client: Headroom) => client.call('DELETE', '/v1/anything')

/** A question whose answers are given by hand. */
function byHand() {
  const asked: { answer: (d: Decision) => void; fail: (cause: Error) => void }[] = []
  const question: Question<Decision> = {
    ask: () => new Promise((answer, fail) => asked.push({ answer, fail })),
    problem: (d) => (d.reason === 'unreachable' ? { status: 0, code: 'unreachable', detail: '', mend: '' } : undefined),
  }
  return { asked, question }
}

const shown: Decision = { status: 'show', reason: 'signal', decision_id: 'dec_1' }
const settled = () => new Promise<void>((resolve) => setTimeout(resolve))

test('several who ask the same share one question and its answer', async () => {
  const questions = new Questions<Decision>(await clientOf('acme', 'ann'))
  const { asked, question } = byHand()
  let heard = 0
  questions.subscribe('card', question, () => heard++)
  questions.subscribe('card', question, () => heard++)
  expect(questions.read('card').isPending).toBe(true)
  asked[0]!.answer(shown)
  await settled()
  expect([asked.length, heard]).toEqual([1, 2])
  expect(questions.read('card')).toMatchObject({ data: shown, isPending: false })
})

test('what is mounted, unmounted and mounted again at once, as in strict mode, asks once', async () => {
  const questions = new Questions<Decision>(await clientOf('acme', 'ann'))
  const { asked, question } = byHand()
  questions.subscribe('card', question, () => undefined)()
  questions.subscribe('card', question, () => undefined)
  await settled()
  expect(asked.length).toBe(1)
})

test('what nobody shows any more is forgotten, and asked anew when it is shown again', async () => {
  const questions = new Questions<Decision>(await clientOf('acme', 'ann'))
  const { asked, question } = byHand()
  const end = questions.subscribe('card', question, () => undefined)
  asked[0]!.answer(shown)
  await settled()
  end()
  await settled()
  expect(questions.read('card').isPending).toBe(true)
  questions.subscribe('card', question, () => undefined)
  expect(asked.length).toBe(2)
})

test("another person's answer is never shown: it is gone at once, and what comes too late is dropped", async () => {
  const client = await clientOf('acme', 'ann')
  const questions = new Questions<Decision>(client)
  const { asked, question } = byHand()
  questions.subscribe('card', question, () => undefined)
  client.identify('bob')
  asked[0]!.answer(shown)
  await settled()
  expect([asked.length, questions.read('card').isPending]).toEqual([2, true])
  asked[1]!.answer({ status: 'none', reason: 'cooldown' })
  await settled()
  expect(questions.read('card').data?.reason).toBe('cooldown')
})

test('a question put before anybody is known is not put twice once it is known who asks', async () => {
  const client = createHeadroom()
  const questions = new Questions<Decision>(client)
  const { asked, question } = byHand()
  questions.subscribe('card', question, () => undefined)
  client.init({ ...unheard, account: 'acme', user: 'ann' })
  await settled()
  asked[0]!.answer(shown)
  await settled()
  expect(asked.length).toBe(1)
  expect(questions.read('card').data).toBe(shown)
})

test('after somebody has signed out the next one is asked for once', async () => {
  const client = await clientOf('acme', 'ann')
  const questions = new Questions<Decision>(client)
  const { asked, question } = byHand()
  questions.subscribe('card', question, () => undefined)
  client.reset()
  client.init({ ...unheard, account: 'acme', user: 'bob' })
  await settled()
  asked[0]!.answer(shown)
  await settled()
  expect([asked.length, questions.read('card').isPending]).toEqual([2, true])
})

test('offers that may have changed while they are asked for are asked for again', async () => {
  const client = await clientOf('acme', 'ann')
  const questions = new Questions<Decision>(client)
  const { asked, question } = byHand()
  questions.subscribe('card', question, () => undefined)
  await revise(client)
  asked[0]!.answer({ status: 'none', reason: 'no_offer' })
  await settled()
  expect(asked.length).toBe(2)
  asked[1]!.answer(shown)
  await settled()
  expect([asked.length, questions.read('card').data]).toEqual([2, shown])
})

test('what is replaced while it is asked for anew is asked for when offers may have changed', async () => {
  const client = await clientOf('acme', 'ann')
  const questions = new Questions<Decision>(client)
  const { asked, question } = byHand()
  questions.subscribe('card', question, () => undefined)
  questions.put('card', { status: 'none', reason: 'dismissed' })
  await revise(client)
  expect(asked.length).toBe(2)
})

test('what the client knew of the person from before is no reason to ask twice', async () => {
  const known = JSON.stringify({ items: { speakers: { feature: 'speakers', kind: 'metered', allowed: true } }, id: '', at: Date.now() })
  vi.stubGlobal('sessionStorage', { getItem: (key: string) => (key.includes('|known|') ? known : null), setItem: () => undefined, removeItem: () => undefined })
  onTestFinished(() => void vi.unstubAllGlobals())
  const client = createHeadroom()
  const questions = new Questions<Decision>(client)
  const { asked, question } = byHand()
  questions.subscribe('card', question, () => undefined)
  client.init({ ...unheard, persist: true, account: 'acme', user: 'ann' })
  await settled()
  expect(client.entitlement('speakers')?.allowed).toBe(true)
  asked[0]!.answer(shown)
  await settled()
  expect([asked.length, questions.read('card').data]).toEqual([1, shown])
})

test('no answer is an error beside what there is instead', async () => {
  const questions = new Questions<Decision>(await clientOf('acme', 'ann'))
  const { asked, question } = byHand()
  questions.subscribe('card', question, () => undefined)
  asked[0]!.answer({ status: 'none', reason: 'unreachable' })
  await settled()
  expect(questions.read('card')).toMatchObject({ data: { status: 'none' }, isPending: false, error: { code: 'unreachable' } })
})

test('what became of an answer replaces it for all who show it', async () => {
  const questions = new Questions<Decision>(await clientOf('acme', 'ann'))
  const { asked, question } = byHand()
  let heard = 0
  questions.subscribe('card', question, () => heard++)
  asked[0]!.answer(shown)
  await settled()
  questions.put('card', { status: 'none', reason: 'dismissed' })
  expect([heard, questions.read('card').data?.reason]).toEqual([2, 'dismissed'])
})
