#!/bin/bash
# A worker: waits for the head, and joins it with the CPUs that it is told to have.
set -eu
head=${HEAD_NODE_IP:-head}
mkdir -p /var/spool/slurmd /run/munge

munged -f

for _ in $(seq 30); do
  if (exec 3<>"/dev/tcp/$head/6817") 2>/dev/null; then break; fi
  echo "waiting for slurmctld on $head:6817"
  sleep 5
done

slurmd -Z --conf-server="$head:6817" --conf "CPUs=${NODE_CPUS:-256}"

navarch-node --server "${NAVARCH_SERVER:-http://$head:50051}" --metrics-address :9400
