/** Names a run of a job as well as the speaker can. */
export interface JobIdentity {
  jobId: string
  /** Absent: the speaker does not know, as are the others. */
  cluster?: string
  restart?: number
  sluid?: string
}

/** Whether both can be one run: nothing that both know is different. */
export function mayBeSameRun(a: JobIdentity, b: JobIdentity): boolean {
  const agree = (x: unknown, y: unknown) => x === undefined || y === undefined || x === y
  return a.jobId === b.jobId && agree(a.restart, b.restart) && agree(a.sluid, b.sluid) && agree(a.cluster, b.cluster)
}
