#!/bin/bash
# 64 shards as a Slurm array, at most 16 at a time. A task that fails or is preempted is simply begun again: what is
# done stays done.
#
#   sbatch recipes/bulk/slurm.sh runs/reviews /shared/texts /shared/labelled
#   python predict.py --check /shared/labelled
#SBATCH --array=0-63%16
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --requeue
set -euo pipefail
export OMP_NUM_THREADS="${SLURM_CPUS_PER_TASK:-4}"
exec "${PYTHON:-python}" predict.py "$1" "$2" --output "$3" --shard "$SLURM_ARRAY_TASK_ID/64"
