// CSV as RFC 4180 has it, for tables that leave the console.

/** One cell. Text a spreadsheet would run as a formula is defused; numbers stay numbers. */
function cell(value: string | number | null): string {
  if (value === null) return ''
  let text = String(value)
  if (/^[=+@\t\r-]/.test(text) && !/^[+-]?\d+(\.\d+)?$/.test(text)) text = `'${text}`
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export function csv(header: string[], rows: (string | number | null)[][]): string {
  return [header, ...rows].map((row) => row.map(cell).join(',') + '\r\n').join('')
}

/** Hands the text to the browser as a file. */
export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser has taken the file by then; at once would be too early for some.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
