#!/bin/sh
# ninja fuzz: each reader for a minute (FUZZ_SECONDS) under libFuzzer, beginning with tests/fuzz/corpus, what the fuzzer makes by
# itself, and what earlier runs found interesting (BUILD/fuzz-corpus). Inputs that crash, hang or take too much memory are left in
# BUILD/fuzz-found. The last line is the total.
set -u
build=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
seconds=${FUZZ_SECONDS:-60}
found=$build/fuzz-found
passed=0
failed=0

mkdir -p "$found"
gcc -g -O1 -finstrument-functions "$root/examples/first/basket.c" "$root/tests/fuzz/empty_main.c" -o "$build/fuzz-binary"
export FUZZ_BINARY="$build/fuzz-binary" XDG_CACHE_HOME="$build/fuzz-cache" TMPDIR="${TMPDIR:-/tmp}"
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
for name in raw json index dwarf expect; do
	corpus=$build/fuzz-corpus/$name
	mkdir -p "$corpus"
	FUZZ_BEGIN=$corpus "$build/fuzz_$name" >/dev/null 2>&1
	log=$build/fuzz-corpus/$name.log
	kept=$root/tests/fuzz/corpus/$name
	[ -d "$kept" ] || kept=
	if "$build/fuzz_$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=1500 -max_len=65536 -print_final_stats=1 \
		-artifact_prefix="$found/$name-" "$corpus" $kept >"$log" 2>&1; then
		passed=$((passed + 1))
		echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs in $seconds s"
	else
		failed=$((failed + 1))
		echo "$name: FAILED"
		grep -v '^#' "$log" | tail -n 60
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
