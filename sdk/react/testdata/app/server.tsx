import { readFileSync } from 'node:fs'
import { renderToString } from 'react-dom/server'
import { App, type PageData } from './app'

// Reads the page's data from the standard input and writes the HTML of the page.
process.stdout.write(renderToString(<App data={JSON.parse(readFileSync(0, 'utf8')) as PageData} />))
