#!/usr/bin/env bash
# Start a SLURM of one node in a throw-away folder: munge, slurmctld and slurmd, without systemd,
# as root or as anybody. Prints the variables that its clients need.
#   eval "$(tests/cluster/slurm/start.sh DIR)"
#   tests/cluster/slurm/stop.sh DIR
# Needs the Debian packages slurm-wlm and munge. From the environment: NODE_CPUS, NODE_GPUS (at most
# four, none of them real), NODE_MEMORY (MB), CONTROL_PORT, NODE_PORT.
set -euo pipefail
dir=$1
cpus=${NODE_CPUS:-4} gpus=${NODE_GPUS:-2} memory=${NODE_MEMORY:-64000}
host=$(hostname -s)
user=$(id -un)
export PATH=$PATH:/usr/sbin
mkdir -p "$dir"/{bin,etc,log,run,state,spool,munge}
chmod 755 "$dir"
chmod 700 "$dir/munge"

# A key and a socket of its own leave an installed munge alone.
(umask 077 && head -c 1024 /dev/urandom >"$dir/munge/key")
munged --force --socket="$dir/run/munge.sock" --key-file="$dir/munge/key" \
    --pid-file="$dir/run/munged.pid" --log-file="$dir/log/munged.log" \
    --seed-file="$dir/munge/seed" >&2

# A GPU must be a character device; these are everywhere.
devices=(/dev/null /dev/zero /dev/full /dev/urandom)
for ((i = 0; i < gpus; i++)); do
    echo "NodeName=$host Name=gpu Type=fake File=${devices[$i]}"
done >"$dir/etc/gres.conf"
echo "CgroupAutomount=no" >"$dir/etc/cgroup.conf"

# - linuxproc and task/none work without cgroups; config_overrides lets a small machine pose as a
#   larger one.
# - squeue forgets a job after MinJobAge seconds; Snakemake asks squeue where there is no database.
cat >"$dir/etc/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$user
SlurmdUser=$user
SlurmctldPort=${CONTROL_PORT:-16817}
SlurmdPort=${NODE_PORT:-16818}
AuthType=auth/munge
AuthInfo=socket=$dir/run/munge.sock
CredType=cred/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/run/slurmctld.pid
SlurmdPidFile=$dir/run/slurmd.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=2,bf_interval=2
MinJobAge=600
KillWait=2
ReturnToService=2
GresTypes=gpu
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=$memory Gres=gpu:fake:$gpus State=UNKNOWN
PartitionName=cpu Nodes=$host Default=YES MaxTime=600 State=UP DefMemPerCPU=200
PartitionName=gpu Nodes=$host MaxTime=600 State=UP DefMemPerCPU=200
CONF
export SLURM_CONF=$dir/etc/slurm.conf

# Snakemake's job step drops every SLURM_* variable before it calls srun, SLURM_CONF too.
srun=$(command -v srun)
printf '#!/bin/sh\nSLURM_CONF=%s exec %s "$@"\n' "$SLURM_CONF" "$srun" >"$dir/bin/srun"
chmod +x "$dir/bin/srun"

wait_for() { # command, what it must print
    for _ in $(seq 100); do
        if eval "$1" 2>/dev/null | grep -q "$2"; then return; fi
        sleep 0.1
    done
    echo "SLURM did not come up: $1" >&2
    tail -n 20 "$dir"/log/*.log >&2
    exit 1
}
slurmctld -i >&2
wait_for "scontrol ping" UP
slurmd >&2
wait_for "sinfo --noheader --format %T" idle
echo "export SLURM_CONF=$SLURM_CONF PATH=$dir/bin:\$PATH"
