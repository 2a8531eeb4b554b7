/** The sign of the product: what is used, and the line above it. */
export function Mark({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="7" fill="#0b6e5f" />
      <path d="M8 7h16" stroke="#fff" strokeWidth="2.5" strokeLinecap="round" strokeDasharray="0.1 4.4" />
      <rect x="8" y="18" width="4" height="7" rx="1" fill="#fff" opacity=".7" />
      <rect x="14" y="15" width="4" height="10" rx="1" fill="#fff" opacity=".85" />
      <rect x="20" y="11.5" width="4" height="13.5" rx="1" fill="#fff" />
    </svg>
  )
}
