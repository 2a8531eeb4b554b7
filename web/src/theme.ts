import { createTheme } from '@mantine/core'

/** One accent, a green with enough contrast for white text on it; the rest is in theme.css. */
export const theme = createTheme({
  primaryColor: 'headroom',
  primaryShade: { light: 7, dark: 7 },
  colors: {
    headroom: ['#e6f6f2', '#cdebe4', '#9bd6c9', '#67c1ad', '#3aac95', '#1d947d', '#0f7f6b', '#0b6e5f', '#085a4e', '#05463d'],
  },
  defaultRadius: 'md',
  fontFamily: '-apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  cursorType: 'pointer',
  respectReducedMotion: true,
})
