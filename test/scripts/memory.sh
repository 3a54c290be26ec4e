#!/usr/bin/env bash
# The exporter is read under valgrind, which finds nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=test/scripts/lib/check.sh
source test/scripts/lib/check.sh
check "the exporter under valgrind" scripts/check_memory.sh exporter
exit "$failed"
