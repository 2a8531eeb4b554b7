import { useMantineColorScheme, type MantineColorScheme } from '@mantine/core'
import classes from './Shell.module.css'

const order: Record<MantineColorScheme, MantineColorScheme> = { auto: 'light', light: 'dark', dark: 'auto' }
const names: Record<MantineColorScheme, string> = { auto: 'as system', light: 'light', dark: 'dark' }

const icons: Record<MantineColorScheme, string> = {
  auto: 'M3 4.500h14v9H3zM7.500 16.500h5M10 13.500v3',
  light: 'M10 6.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7zM10 1.800v1.700M10 16.500v1.700M1.800 10h1.700M16.500 10h1.700M4.200 4.200l1.200 1.200M14.600 14.600l1.200 1.200M4.200 15.800l1.200-1.200M14.600 5.400l1.200-1.200',
  dark: 'M16.500 12.200A7 7 0 0 1 7.800 3.500a7 7 0 1 0 8.700 8.700z',
}

/** Light, dark or as the system; Mantine keeps the choice in local storage. */
export function SchemeToggle() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const next = order[colorScheme]
  return (
    <button
      type="button"
      className={classes.tool}
      onClick={() => setColorScheme(next)}
      aria-label={`Colours: ${names[colorScheme]}. Change to ${names[next]}`}
      title={`Colours: ${names[colorScheme]}`}
    >
      <svg width="18" height="18" viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
        <path d={icons[colorScheme]} />
      </svg>
      <span className={classes.toolWords}>Colours {names[colorScheme]}</span>
    </button>
  )
}
