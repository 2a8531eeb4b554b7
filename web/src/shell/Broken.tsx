import { Component, type ReactNode } from 'react'
import classes from './Shell.module.css'

/** Keeps the navigation when a page cannot be drawn, and says so. */
export class Broken extends Component<{ children: ReactNode }, { error: Error | undefined }> {
  override state: { error: Error | undefined } = { error: undefined }

  static getDerivedStateFromError(error: Error) {
    return { error }
  }

  override render() {
    if (!this.state.error) return this.props.children
    return (
      <div role="alert" className={classes.notFound}>
        <h1>This page cannot be drawn</h1>
        <p>
          It is a fault of the console: {this.state.error.message}. <a href={window.location.pathname}>Load the page anew</a>
        </p>
      </div>
    )
  }
}
