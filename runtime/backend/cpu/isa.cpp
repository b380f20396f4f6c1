// SPDX-License-Identifier: MIT
#include "runtime/backend/cpu/isa.hpp"

#include <cstdlib>

#include "runtime/core/error.hpp"

namespace lunops::cpu {

namespace {

bool is_available(Isa isa) noexcept {
#if defined(__x86_64__)
  switch (isa) {
    case Isa::portable:
      return true;
    case Isa::avx2:
      return __builtin_cpu_supports("x86-64-v3");
    case Isa::avx512:
      return __builtin_cpu_supports("x86-64-v4");
  }
  __builtin_unreachable();
#else
  return isa == Isa::portable;
#endif
}

Isa choose() {
  const std::vector<Isa> available = available_isas();
  const char* text = std::getenv("LUNOPS_ISA");
  if (text == nullptr || *text == '\0') return available.back();
  for (const Isa isa : {Isa::portable, Isa::avx2, Isa::avx512}) {
    if (name_of(isa) != text) continue;
    if (!is_available(isa)) {
      fail(Code::unsupported, "LUNOPS_ISA", "this processor does not run '{}'; its best is '{}'",
           text, name_of(available.back()));
    }
    return isa;
  }
  fail(Code::argument, "LUNOPS_ISA", "'{}' is not one of portable, avx2, avx512", text);
}

}  // namespace

std::string_view name_of(Isa isa) noexcept {
  switch (isa) {
    case Isa::portable:
      return "portable";
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
  }
  __builtin_unreachable();
}

std::vector<Isa> available_isas() {
  std::vector<Isa> list;
  for (const Isa isa : {Isa::portable, Isa::avx2, Isa::avx512}) {
    if (is_available(isa)) list.push_back(isa);
  }
  return list;
}

Isa isa() {
  static const Isa chosen = choose();
  return chosen;
}

}  // namespace lunops::cpu
