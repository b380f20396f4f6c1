# SPDX-License-Identifier: MIT
# Modules must come from the same build as liblunops.  The time is that of the first configuration:
# a later run of cmake does not make the modules strangers.
if(NOT DEFINED LUNOPS_CONFIGURED)
  string(TIMESTAMP now "%Y-%m-%dT%H:%M:%SZ" UTC)
  set(LUNOPS_CONFIGURED "${now}" CACHE INTERNAL "time of the first configuration")
endif()
set(LUNOPS_BUILD_ID "${PROJECT_VERSION} ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} ${LUNOPS_CONFIGURED}")

# lunops_use_build_id(file…): defines LUNOPS_BUILD_ID for these files of the current folder only,
# since a definition that differs between builds defeats compiler caches.
function(lunops_use_build_id)
  set_property(SOURCE ${ARGN} DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/runtime
    APPEND PROPERTY COMPILE_DEFINITIONS "LUNOPS_BUILD_ID=\"${LUNOPS_BUILD_ID}\"")
endfunction()
