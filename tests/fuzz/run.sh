#!/bin/sh
# ninja fuzz: each reader for a minute (FUZZ_SECONDS) under libFuzzer, whose choices another FUZZ_SEED changes (0: each time), as many at a time as there are processors, beginning with
# tests/fuzz/corpus, what the fuzzer makes by itself, and what earlier runs found interesting (BUILD/fuzz-corpus). Inputs that
# crash, hang or take too much memory are left in BUILD/fuzz-found. The last line is the total.
set -u
build=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
seconds=${FUZZ_SECONDS:-60}
found=$build/fuzz-found

# fuzz NAME: the verdict, and what there is to say, go into fuzz-corpus/NAME.verdict.
fuzz() {
	corpus=$build/fuzz-corpus/$1
	mkdir -p "$corpus"
	rm -f "$corpus.verdict"
	FUZZ_BEGIN=$corpus "$build/fuzz_$1" >/dev/null 2>&1
	if "$build/fuzz_$1" -max_total_time="$seconds" -seed="${FUZZ_SEED:-0}" -timeout=20 -rss_limit_mb=1500 -max_len=65536 -print_final_stats=1 \
		-artifact_prefix="$found/$1-" "$corpus" "$root/tests/fuzz/corpus/$1" >"$corpus.log" 2>&1; then
		echo "$1: $(sed -n 's/^stat::number_of_executed_units: *//p' "$corpus.log") inputs in $seconds s," \
			"$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$corpus.log" | tail -n 1) edges reached" >"$corpus.verdict"
	else
		{ echo "$1: FAILED"; grep -v '^#' "$corpus.log" | tail -n 60; } >"$corpus.verdict"
	fi
}

if [ $# = 2 ]; then
	fuzz "$2"
	exit 0
fi
mkdir -p "$found"
gcc -g -O1 -finstrument-functions "$root/examples/first/basket.c" "$root/tests/fuzz/empty_main.c" -o "$build/fuzz-binary"
gcc -g -O2 -gdwarf-4 -finstrument-functions "$root/examples/first/basket.c" "$root/tests/fuzz/empty_main.c" -o "$build/fuzz-binary-4"
g++ -g -O1 -finstrument-functions "$root/tests/fuzz/shapes.cc" -o "$build/fuzz-binary-cxx"
clang++ -g -O2 -gdwarf-5 -finstrument-functions "$root/tests/fuzz/shapes.cc" -o "$build/fuzz-binary-clang"
FUZZ_BINARY="$build/fuzz-binary:$build/fuzz-binary-4:$build/fuzz-binary-cxx:$build/fuzz-binary-clang"
export FUZZ_BINARY XDG_CACHE_HOME="$build/fuzz-cache" TMPDIR="${TMPDIR:-/tmp}"
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
passed=0
failed=0
printf '%s\n' raw json index dwarf expect | xargs -n 1 -P "$(nproc)" sh "$0" "$build"
for name in raw json index dwarf expect; do
	if cat "$build/fuzz-corpus/$name.verdict" && ! grep -q "^$name: FAILED" "$build/fuzz-corpus/$name.verdict"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
