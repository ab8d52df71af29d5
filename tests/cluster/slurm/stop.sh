#!/usr/bin/env bash
# Stop the SLURM of a folder: exactly the processes that its pid files name.
dir=$1
export SLURM_CONF=$dir/etc/slurm.conf
scancel --quiet --user "$(id -un)" 2>/dev/null
for daemon in slurmd slurmctld munged; do
    file=$dir/run/$daemon.pid
    if [ -s "$file" ]; then
        process=$(cat "$file")
        kill "$process" 2>/dev/null
        for _ in $(seq 50); do
            kill -0 "$process" 2>/dev/null || break
            sleep 0.1
        done
    fi
done
true
