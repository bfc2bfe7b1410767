import { create } from '@bufbuild/protobuf'
import {
  AcknowledgeCommandRequestSchema,
  type NodeState,
  type RegisterNodeRequest,
  type RegisterNodeResponse,
  type ReportHealthRequest,
  type ServerMessage,
} from '@navarch/api/control-plane'
import type { Clock } from '@navarch/system/clock'
import type { CommandHandler } from './commands.ts'
import type { LinkEnd, OpenLink } from './link.ts'
import { type AgentMessageBody, agentMessage } from './messages.ts'

/** What a session needs of the agent. */
export interface SessionPeer {
  clock: Clock
  nodeId: string
  open: OpenLink
  handleCommand: CommandHandler
  /** The control plane took the registration: what waited may be sent. */
  onRegistered(response: RegisterNodeResponse): void
  onState(state: NodeState): void
  /** A report is safe with the control plane. */
  onDurable(reportId: string): void
}

/** One link's life, from the registration to its end. */
export interface Session {
  /** Sends a report; its id is given to `onDurable` when the control plane has confirmed it. */
  report(report: ReportHealthRequest): void
  /** Sends what must arrive; `onDurable` is called when the control plane has confirmed it, and never if the link ends before. */
  deliver(body: AgentMessageBody, onDurable: () => void): void
  /** Whether the server keeps up with reading: what can wait must wait until it does. */
  isClear(): boolean
  /** Sends what may be lost: nothing, when the server is behind. */
  sendIfClear(body: AgentMessageBody): void
  /** Ends the session when the server has left a message without an answer for longer than this, ms. */
  expectAnswers(withinMs: number): void
  ended: Promise<LinkEnd>
  close(reason: string): void
}

/** Registers over a new link, and keeps account of what the control plane has confirmed. */
export function openSession(peer: SessionPeer, registration: RegisterNodeRequest): Session {
  const { clock } = peer
  let seq = 0n
  const unconfirmed: { seq: bigint; sentAt: number; onDurable: (() => void) | undefined }[] = []

  const onMessage = ({ acked, body }: ServerMessage) => {
    while (unconfirmed[0] && unconfirmed[0].seq <= acked) {
      unconfirmed.shift()?.onDurable?.()
    }
    if (body.case === 'registered') {
      if (!body.value.success)
        return link.close(`the control plane did not take the registration: ${body.value.message}`)
      peer.onRegistered(body.value)
    }
    if (body.case === 'state') peer.onState(body.value)
    if (body.case === 'command') {
      const { commandId } = body.value
      void peer.handleCommand(body.value).then((outcome) => {
        const value = create(AcknowledgeCommandRequestSchema, { nodeId: peer.nodeId, commandId, ...outcome })
        send({ case: 'commandResult', value })
      })
    }
  }
  const send = (body: AgentMessageBody, onDurable?: () => void) => {
    seq++
    unconfirmed.push({ seq, sentAt: clock.now(), onDurable })
    link.send(agentMessage(seq, body))
  }

  const link = peer.open(onMessage)
  send({ case: 'register', value: registration })
  return {
    report: (report) => send({ case: 'report', value: report }, () => peer.onDurable(report.reportId)),
    deliver: send,
    isClear: () => !link.congested(),
    sendIfClear: (body) => {
      if (!link.congested()) send(body)
    },
    expectAnswers: (withinMs) => {
      const waitedMs = unconfirmed[0] ? clock.now() - unconfirmed[0].sentAt : 0
      if (waitedMs > withinMs) link.close(`no answer for ${Math.round(waitedMs / 1000)} s`)
    },
    ended: link.ended,
    close: link.close,
  }
}
