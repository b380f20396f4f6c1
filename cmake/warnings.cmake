# SPDX-License-Identifier: MIT
# What every target of the project compiles with: `target_link_libraries(… PRIVATE lunops_flags)`.
add_library(lunops_flags INTERFACE)
target_compile_options(lunops_flags INTERFACE
  $<$<COMPILE_LANGUAGE:C,CXX>:-Wall;-Wextra;-Wpedantic;-Werror;-Wno-unknown-pragmas>
  # Promised bits must not depend on where the compiler found a multiply-add.
  $<$<COMPILE_LANGUAGE:C,CXX>:-ffp-contract=off>
  # nvcc hands the first two to the compiler of the host; -Wpedantic would object to the lines that it generates.
  $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra;--Werror=all-warnings;-lineinfo>)
target_include_directories(lunops_flags INTERFACE ${PROJECT_SOURCE_DIR})
if(LUNOPS_SANITIZE)
  # gcc 12 reports maybe-uninitialized falsely in instrumented code; the plain builds keep the warning.
  target_compile_options(lunops_flags INTERFACE -Wno-maybe-uninitialized)
  target_compile_options(lunops_flags INTERFACE -fsanitize=${LUNOPS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(lunops_flags INTERFACE -fsanitize=${LUNOPS_SANITIZE})
endif()
