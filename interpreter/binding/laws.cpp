// SPDX-License-Identifier: MIT
#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/factories.hpp"
#include "interpreter/binding/topics.hpp"
#include "runtime/plan/check.hpp"

namespace lunops::lua {

namespace {

constexpr auto check_ = with_options(
    function(
        {.name = "check",
         .summary = "Tests the laws of operators on random data: adjoint, linear, normal, "
                    "transpose, conj, scales, batch, rewriting.",
         .returns = "a table by law of { error, tolerance }, relative; an error if a law fails",
         .raises = {Code::numeric, Code::shape, Code::dtype},
         .example = R"(local A = lo.FFT "y x" * lo.Diagonal{ lo.ones "y=4 x=5" }
local laws = lo.check(A)
print(laws.adjoint.error <= laws.adjoint.tolerance)  --> true)",
         .see = {"Linop.N", "Linop.H"}},
        [](Context& context, const Linop& a, const Given& given) -> Value {
          CheckOptions options;
          if (const auto text = given.text("input")) options.input = Shape::parse(*text);
          options.dtype = a.dtype().value_or(options.dtype);
          if (const auto dtype = given.text("dtype")) options.dtype = dtype_named("check", *dtype);
          options.seed = static_cast<uint64_t>(given.integer("seed").value_or(1));
          options.tol = given.number("tol").value_or(options.tol);
          Table table;
          for (const LawResult& result : check_laws(a, context, options)) {
            if (!result.holds())
              fail(Code::numeric, "check",
                   "{} breaks the law '{}': relative error {:.1e}, allowed {:.1e}", a.text(),
                   result.law, result.error, result.tolerance);
            Table row;
            row["error"] = result.error;
            row["tolerance"] = result.tolerance;
            table[result.law] = std::move(row);
          }
          return table;
        },
        param<LinopArg>("A", "the operator")),
    option("input", Kind::text, "A.ishape", "shape of the random input, where A does not know it"),
    option("dtype", Kind::text, "A.dtype, else c128", "of the input"),
    option("seed", Kind::integer, "1", "of the random data"),
    option("tol", Kind::number, "1e-3", "of forms that may be approximate, such as Toeplitz"));

constexpr Record kRecords[] = {exported<check_>()};

}  // namespace

std::span<const Record> law_records() { return kRecords; }

}  // namespace lunops::lua
