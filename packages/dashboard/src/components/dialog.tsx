import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react'

/** A modal dialog; the browser keeps the focus in it and Esc closes it. */
export function Dialog({
  title,
  isOpen,
  onClose,
  children,
}: {
  title: string
  isOpen: boolean
  onClose: () => void
  children: ReactNode
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const element = dialog.current
    if (!element) return
    if (isOpen && !element.open) element.showModal()
    if (!isOpen && element.open) element.close()
  }, [isOpen])
  return (
    <dialog ref={dialog} className="dialog" aria-label={title} onClose={onClose}>
      {isOpen && (
        <>
          <h2>{title}</h2>
          {children}
        </>
      )}
    </dialog>
  )
}

/** What an act wants to know before it is done. */
export interface ActForm {
  title: string
  /** What happens when it is done, in a sentence. */
  consequence: ReactNode
  /** The label of the text that the act needs; absent when it needs none. */
  ask?: string
  /** What must be typed before it can be done, for acts that hurt. */
  typeToConfirm?: string
  submit: string
  isDangerous?: boolean
  act: (text: string) => Promise<unknown>
}

/** A button whose act is confirmed in a dialog, with its failure shown there. */
export function ActButton({ label, form, disabled = '' }: { label: ReactNode; form: ActForm; disabled?: string }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <button
        type="button"
        className={`button ${form.isDangerous ? 'is-danger' : ''}`}
        disabled={disabled !== ''}
        title={disabled}
        onClick={() => setOpen(true)}
      >
        {label}
      </button>
      <ActDialog form={form} isOpen={isOpen} onClose={() => setOpen(false)} />
    </>
  )
}

function ActDialog({ form, isOpen, onClose }: { form: ActForm; isOpen: boolean; onClose: () => void }) {
  const [text, setText] = useState('')
  const [typed, setTyped] = useState('')
  const [problem, setProblem] = useState('')
  const [isBusy, setBusy] = useState(false)
  const isReady =
    (form.ask === undefined || text.trim() !== '') && (form.typeToConfirm === undefined || typed === form.typeToConfirm)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setProblem('')
    try {
      await form.act(text.trim())
      setText('')
      setTyped('')
      onClose()
    } catch (error) {
      setProblem(error instanceof Error ? error.message : 'it failed')
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dialog title={form.title} isOpen={isOpen} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)} className="form">
        <p>{form.consequence}</p>
        {form.ask !== undefined && (
          <label>
            {form.ask}
            <input value={text} onChange={(event) => setText(event.target.value)} autoComplete="off" />
          </label>
        )}
        {form.typeToConfirm !== undefined && (
          <label>
            <span>
              Type <code>{form.typeToConfirm}</code> to confirm
            </span>
            <input value={typed} onChange={(event) => setTyped(event.target.value)} autoComplete="off" />
          </label>
        )}
        {problem !== '' && (
          <p className="failure" role="alert">
            {problem}
          </p>
        )}
        <div className="form-buttons">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className={`button ${form.isDangerous ? 'is-danger' : 'is-primary'}`}
            disabled={!isReady || isBusy}
          >
            {isBusy ? 'Working…' : form.submit}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
