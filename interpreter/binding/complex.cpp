// SPDX-License-Identifier: MIT
#include <cmath>

#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/topics.hpp"

namespace lunops::lua {

namespace {

std::string text_of(c128 z) {
  return fmt::format("{:.14g}{}{:.14g}i", z.real(), std::signbit(z.imag()) ? "-" : "+",
                     std::abs(z.imag()));
}

constexpr auto complex_ = function(
    {.name = "complex",
     .summary = "Makes a complex number.",
     .returns = "a complex scalar, for arithmetic with numbers, tensors and operators",
     .raises = {Code::argument},
     .example = R"(print(lo.complex(2, 3))  --> 2+3i
print(lo.complex(0, 1) == lo.i)  --> true)",
     .see = {"Complex.re"}},
    [](Context&, double re, std::optional<double> im) { return c128(re, im.value_or(0)); },
    param<NumberArg>("re", "real part"),
    optional<NumberArg>("im", "imaginary part", "0"));

constexpr auto re = property(
    {.name = "Complex.re",
     .summary = "The real part.",
     .returns = "a number",
     .example = "print(lo.complex(2, 3).re)  --> 2.0"},
    [](Context&, const c128& z) { return z.real(); },
    param<SelfArg<c128>>("z", "the number"));
constexpr auto im = property(
    {.name = "Complex.im",
     .summary = "The imaginary part.",
     .returns = "a number",
     .example = "print(lo.complex(2, 3).im)  --> 3.0"},
    [](Context&, const c128& z) { return z.imag(); },
    param<SelfArg<c128>>("z", "the number"));
constexpr auto abs_ = method(
    {.name = "Complex:abs",
     .summary = "The absolute value.",
     .returns = "a number",
     .example = "print(lo.complex(3, 4):abs())  --> 5.0"},
    [](Context&, const c128& z) { return std::abs(z); },
    param<SelfArg<c128>>("z", "the number"));
constexpr auto conj_ = method(
    {.name = "Complex:conj",
     .summary = "The complex conjugate.",
     .returns = "a complex scalar",
     .example = "print(lo.complex(2, 3):conj())  --> 2-3i"},
    [](Context&, const c128& z) { return std::conj(z); },
    param<SelfArg<c128>>("z", "the number"));
constexpr auto tostring_ = metamethod(
    {.name = "Complex.__tostring",
     .summary = "Text such as 2+3i.",
     .returns = "a string",
     .example = "print(tostring(lo.complex(0, -1)))  --> 0-1i",
     .notation = "tostring(z)"},
    [](Context&, const c128& z) { return text_of(z); },
    param<SelfArg<c128>>("z", "the number"));
constexpr auto equal = metamethod(
    {.name = "Complex.__eq",
     .summary = "Equality by value.",
     .returns = "a boolean",
     .example = "print(lo.complex(1, 2) == lo.complex(1, 2))  --> true",
     .notation = "z == w"},
    [](Context&, c128 z, c128 w) { return z == w; },
    param<ScalarArg>("z", "a number"),
    param<ScalarArg>("w", "another"));

constexpr Record kRecords[] = {exported<complex_>(), exported<re>(),    exported<im>(),
                               exported<abs_>(),     exported<conj_>(), exported<tostring_>(),
                               exported<equal>()};

}  // namespace

const BoxType Boxed<c128>::type = {"lunops.Complex", "complex", [](void*) noexcept {}};

void push_complex(lua_State* L, State& state, c128 z) {
  push_box<c128>(L, state, false)->emplace(std::move(z));
}

std::span<const Record> complex_records() { return kRecords; }

}  // namespace lunops::lua
