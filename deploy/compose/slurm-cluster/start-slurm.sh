#!/bin/bash
# The head: authentication, controller, a node, figures of Slurm on 9341 and of GPUs on 9400.
set -eu
mkdir -p /var/spool/slurmctld /var/spool/slurmd /run/munge

# Start Munge (authentication)
munged -f

# Start Slurm controller
slurmctld

# Start Slurm daemon
slurmd

# Start exporter
prometheus-slurm-exporter --listen-address=:9341 &

# GPUs of this machine: none without nvidia-smi. Where there is a control plane, the agent tells it of this node too.
navarch-node --server "${NAVARCH_SERVER:-http://localhost:50051}" --metrics-address :9400 &

# The container ends with the first of the two.
wait -n
