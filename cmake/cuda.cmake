# SPDX-License-Identifier: MIT
# CUDA is found, not required: without nvcc nothing of runtime/backend/cuda is built, and asking for a cuda
# device is an error that says so.
set(LUNOPS_CUDA "AUTO" CACHE STRING "the CUDA backend: AUTO (where nvcc is found), ON or OFF")
set(LUNOPS_HAS_CUDA OFF)
if(NOT LUNOPS_CUDA STREQUAL "OFF")
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    # sm_80, sm_90, and PTX for what comes after.
    set(CMAKE_CUDA_ARCHITECTURES "80-real;90" CACHE STRING "")
    enable_language(CUDA)
    if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # cmake before 3.26 does not know that nvcc has it
      set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
      set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
    endif()
    if(CMAKE_CXX_COMPILER_LAUNCHER AND NOT CMAKE_CUDA_COMPILER_LAUNCHER)
      set(CMAKE_CUDA_COMPILER_LAUNCHER "${CMAKE_CXX_COMPILER_LAUNCHER}" CACHE STRING "" FORCE)
    endif()
    find_package(CUDAToolkit REQUIRED)
    set(LUNOPS_HAS_CUDA ON)
    # Kernels for three architectures with their line numbers: 3.6 MB of elementwise.cu without, 0.5 MB with.
    include(CheckCompilerFlag)
    check_compiler_flag(CUDA --compress-mode=size LUNOPS_NVCC_COMPRESSES)
    if(LUNOPS_NVCC_COMPRESSES)
      target_compile_options(lunops_flags INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:--compress-mode=size>)
    endif()
  elseif(LUNOPS_CUDA STREQUAL "ON")
    message(FATAL_ERROR "LUNOPS_CUDA is ON but nvcc is not found; set CUDACXX to it")
  else()
    message(STATUS "nvcc not found: the CUDA backend is not built")
  endif()
endif()
