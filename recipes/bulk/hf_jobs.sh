#!/bin/bash
# 16 shards as jobs on the Hub: model and texts come from it, the parts go into a bucket that all jobs write to.
#
#   recipes/bulk/hf_jobs.sh me/reviews me/texts me/labelled a10g-small
#   hf sync hf://buckets/me/labelled labelled && python predict.py --check labelled
set -euo pipefail
model="$1" texts="$2" bucket="$3" flavor="${4:-cpu-upgrade}"
for shard in $(seq 0 15); do
  hf jobs run --detach --flavor "$flavor" --timeout 6h --secrets HF_TOKEN -v "hf://buckets/$bucket:/labelled" \
    "${IMAGE:-ghcr.io/OWNER/textclf}" \
    python predict.py "$model" "$texts" --split train --output /labelled --shard "$shard/16"
done
