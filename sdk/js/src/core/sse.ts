/** A server-sent event. */
export interface StreamEvent {
  id: string
  event: string
  data: string
}

/** More than this without the end of an event is no stream of ours. */
const most = 8 << 20

/** Reads server-sent events from text that comes in pieces, cut anywhere. Throws when an event does not end. */
export function createParser(onEvent: (event: StreamEvent) => void): (piece: string) => void {
  let rest = ''
  let id = ''
  let event = ''
  let data: string[] = []
  let size = 0

  function line(text: string) {
    if (text === '') {
      if (data.length) onEvent({ id, event: event || 'message', data: data.join('\n') })
      event = ''
      data = []
      size = 0
      return
    }
    const colon = text.indexOf(':')
    const name = colon < 0 ? text : text.slice(0, colon)
    const value = colon < 0 ? '' : text.slice(text[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (name === 'data') {
      data.push(value)
      size += value.length
    } else if (name === 'event') event = value
    else if (name === 'id' && !value.includes('\0')) id = value
  }

  return (piece) => {
    // A carriage return at the end may be half of a line's end.
    rest += piece
    const lines = rest.split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop()!
    for (const l of lines) line(l)
    if (rest.length + size > most) throw new Error('the stream does not end')
  }
}
