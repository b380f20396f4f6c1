# SPDX-License-Identifier: MIT
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  set(LUNOPS_ISAS portable avx2 avx512)
else()
  set(LUNOPS_ISAS portable)
endif()
set(lunops_isa_flags_portable "")
set(lunops_isa_flags_avx2 -march=x86-64-v3)
set(lunops_isa_flags_avx512 -march=x86-64-v4 -mprefer-vector-width=512)

# lunops_add_isa_sources(a.cpp b.cpp …): compiles each file once per instruction set, into liblunops.
# LUNOPS_ISA_NAMESPACE is defined as portable, avx2 or avx512 (runtime/backend/cpu/isa.hpp).
function(lunops_add_isa_sources)
  foreach(isa IN LISTS LUNOPS_ISAS)
    if(NOT TARGET lunops_isa_${isa})
      add_library(lunops_isa_${isa} OBJECT)
      target_link_libraries(lunops_isa_${isa} PRIVATE lunops_flags)
      # Without -fno-math-errno, sqrt and fma become calls.  Neither switch changes a result.
      target_compile_options(lunops_isa_${isa} PRIVATE
        ${lunops_isa_flags_${isa}} -fno-math-errno -fno-trapping-math $<$<CONFIG:Release>:-O3>)
      target_compile_definitions(lunops_isa_${isa} PRIVATE LUNOPS_ISA_NAMESPACE=${isa})
      target_sources(lunops_runtime PRIVATE $<TARGET_OBJECTS:lunops_isa_${isa}>)
    endif()
    foreach(file IN LISTS ARGN)
      target_sources(lunops_isa_${isa} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    endforeach()
  endforeach()
endfunction()
