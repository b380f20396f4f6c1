#!/bin/sh
# SPDX-License-Identifier: MIT
# No weak symbols in objects compiled for one instruction set: the linker might keep the AVX-512 copy
# of an inline function for everybody.  Usage: weak_symbols.sh OBJECT…
bad=0
for object in "$@"; do
  # The table itself and what sanitizers add are not functions of shared headers.
  weak=$(nm -C "$object" | grep -E ' [WVu] ' | grep -vE '(asan|tsan|ubsan|DW\.ref)' || true)
  if [ -n "$weak" ]; then
    printf '%s has weak symbols:\n%s\n' "$object" "$weak"
    bad=1
  fi
done
exit $bad
