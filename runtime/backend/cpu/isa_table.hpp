// SPDX-License-Identifier: MIT
#pragma once

#include <stdint.h>

// The part of isa.hpp that hot files themselves may include.
namespace lunops::cpu {

// What hot files are compiled for: x86-64, x86-64-v3, x86-64-v4.
enum class Isa : uint8_t { portable, avx2, avx512 };

}  // namespace lunops::cpu

// The one of three tables that belongs to `isa`; portable where the others were not built.
#if defined(__x86_64__)
#define LUNOPS_SELECT_ISA(isa, name)                                 \
  ((isa) == ::lunops::cpu::Isa::avx512 ? ::lunops::cpu::avx512::name \
   : (isa) == ::lunops::cpu::Isa::avx2 ? ::lunops::cpu::avx2::name   \
                                       : ::lunops::cpu::portable::name)
// Declares `type name` in the three namespaces; to be used at file scope.
#define LUNOPS_DECLARE_ISA(type, name) \
  namespace lunops::cpu::portable {    \
  extern const type name;              \
  }                                    \
  namespace lunops::cpu::avx2 {        \
  extern const type name;              \
  }                                    \
  namespace lunops::cpu::avx512 {      \
  extern const type name;              \
  }
#else
#define LUNOPS_SELECT_ISA(isa, name) ((void)(isa), ::lunops::cpu::portable::name)
#define LUNOPS_DECLARE_ISA(type, name) \
  namespace lunops::cpu::portable {    \
  extern const type name;              \
  }
#endif
