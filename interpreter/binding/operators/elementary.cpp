// SPDX-License-Identifier: MIT
#include "interpreter/binding/operators/common.hpp"
#include "runtime/core/error.hpp"

namespace lunops::lua {

namespace {

constexpr auto identity = with_options(
    constructor(
        {.name = "Identity",
         .summary = "The operator that returns its input.",
         .signature = "y x",
         .adjoint = "itself",
         .normal = "itself",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = "print(lo.Identity \"x\"(lo.ones \"x=3\"):sum())  --> 3+0i"},
        [](Context&, const Given& given) { return Identity(given.text(1, "..."), common(given)); },
        optional_operand("text", Kind::text, "dims; default any")),
    kExtent,
    kName,
    kBatch);

constexpr auto zero = with_options(
    constructor(
        {.name = "Zero",
         .summary = "The operator whose result is zero.",
         .adjoint = "Zero with the sides exchanged",
         .normal = "Zero on the input",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example =
             "print(lo.Zero{ \"n -> m\", extent = { m = 2 } }(lo.ones \"n=3\").shape)  --> m=2"},
        [](Context&, const Given& given) { return Zero(given.text(1), common(given)); },
        operand("text", Kind::text, "\"n -> m k\"")),
    kExtent,
    kName,
    kBatch);

constexpr auto scalar = with_options(
    constructor(
        {.name = "Scalar",
         .summary = "Multiplies by a number; usually written s * A.",
         .signature = "...",
         .adjoint = "the conjugate number",
         .normal = "the squared modulus",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = "print(lo.Scalar{ lo.complex(2, 3) }.H(lo.ones \"x=1\"):item())  --> 2-3i"},
        [](Context&, const Given& given) {
          return Scalar(*scalar_of(*given.operand(1)), given.text(2, "..."), common(given));
        },
        operand("s", Kind::scalar, "the number"),
        optional_operand("text", Kind::text, "dims; default any")),
    kExtent,
    kName,
    kBatch);

constexpr auto diagonal = with_options(
    constructor(
        {.name = "Diagonal",
         .summary = "Multiplies element by element with a weight, broadcast over dims it lacks.",
         .signature = "coil y x",
         .adjoint = "the conjugate weight",
         .normal = "Diagonal of |weight|^2",
         .returns = "an operator",
         .raises = {Code::shape, Code::dtype, Code::argument},
         .example = R"(local w = lo.tensor({ 4, 9 }, "x", { dtype = "f32" })
print((lo.Diagonal{ w } ^ 0.5)(lo.ones("x=2", { dtype = "f32" })):sum())  --> 5.0)"},
        [](Context&, const Given& given) {
          const auto text = given.optional_text(2);
          return Diagonal(given.tensor(1), view(text), common(given));
        },
        operand("weight", Kind::tensor, "some of the dims, addressed by name"),
        optional_operand("text", Kind::text, "all dims; default the weight's")),
    kExtent,
    kName,
    kBatch);

constexpr auto dense = with_options(
    constructor(
        {.name = "Dense",
         .summary = "Multiplies with a weight and sums over the dims that the output lacks.",
         .adjoint = "the conjugate weight, summed over the dims that the input lacks",
         .normal = "one Dense or Diagonal with the Gram weights, or the pair, by cost",
         .returns = "an operator",
         .raises = {Code::shape, Code::dtype, Code::argument},
         .example =
             R"(local W = lo.tensor({ { 1, 2 }, { 3, 4 }, { 5, 6 } }, "m n", { dtype = "f32" })
print(lo.Dense{ W, "m n, n -> m" }(lo.ones("n=2", { dtype = "f32" })):sum())  --> 21.0)"},
        [](Context&, const Given& given) {
          const auto text = given.optional_text(2);
          auto options = common<DenseOptions>(given);
          options.normal = given.text("normal").value_or("auto");
          return Dense(given.tensor(1), view(text), options);
        },
        operand("weight", Kind::tensor, "its dims are addressed by name"),
        optional_operand("text", Kind::text, "\"y x -> coil y x\" or \"m n, n -> m\"")),
    option("normal", Kind::text, "auto", "of A.N: fused, pair, or auto by cost"),
    kExtent,
    kName,
    kBatch);

constexpr auto low_rank = with_options(
    constructor(
        {.name = "LowRank",
         .summary = "Multiplies with U diag(s) V^H without forming the matrix.",
         .signature = "n -> m",
         .adjoint = "V diag(conj(s)) U^H",
         .normal = "V G V^H with a small matrix G = diag(conj(s)) U^H U diag(s)",
         .returns = "an operator",
         .raises = {Code::shape, Code::dtype, Code::argument},
         .example = R"(local U = lo.tensor({ { 1 }, { 2 } }, "m rank", { dtype = "f32" })
local V = lo.tensor({ { 1 }, { 1 } }, "n rank", { dtype = "f32" })
print(lo.LowRank{ U, V, "n -> m" }(lo.ones("n=2", { dtype = "f32" })):sum())  --> 6.0)"},
        [](Context&, const Given& given) {
          auto options = common<LowRankOptions>(given);
          options.s = given.tensor("s");
          options.orthonormal = given.boolean("orthonormal", false);
          return LowRank(given.tensor(1), given.tensor(2), given.text(3), options);
        },
        operand("U", Kind::tensor, "the output dims, a rank dim, and kept dims if it varies"),
        operand("V", Kind::tensor, "the input dims and the same rank dim"),
        operand("text", Kind::text, "\"n -> m\"")),
    option("s", Kind::tensor, "ones", "singular values, over the rank dim"),
    option("orthonormal", Kind::boolean, "false", "the columns of U and V are; this is checked"),
    kExtent,
    kName,
    kBatch);

const Tensor& tensor_of(const Table& table, const char* name) {
  const Value* value = table.find(name);
  const Tensor* tensor = value == nullptr ? nullptr : value->get<Tensor>();
  if (tensor == nullptr) {
    fail(Code::argument, "Sparse", "'{}' must be a tensor, got {}", name,
         value == nullptr ? "nothing" : value->type());
  }
  return *tensor;
}

SparseEntries entries_of(const Table& table) {
  SparseEntries entries;
  entries.base = 1;
  for (const auto& [name, value] : table.fields) {
    if (name != "rowptr" && name != "row" && name != "col" && name != "value") {
      const std::vector<std::string> known{"rowptr", "row", "col", "value"};
      fail(Code::argument, "Sparse", "unknown entry '{}'{}; entries are rowptr or row, col, value",
           name, suggestion(name, known));
    }
  }
  if (table.find("rowptr") != nullptr) entries.rowptr = tensor_of(table, "rowptr");
  if (table.find("row") != nullptr) entries.row = tensor_of(table, "row");
  entries.col = tensor_of(table, "col");
  entries.value = tensor_of(table, "value");
  return entries;
}

constexpr auto sparse = with_options(
    constructor(
        {.name = "Sparse",
         .summary = "Multiplies with a sparse matrix over all input dims and all output dims.",
         .signature = "y x -> ray",
         .adjoint = "by the stored transpose",
         .normal = "the composition",
         .returns = "an operator",
         .raises = {Code::shape, Code::dtype, Code::argument},
         .example = R"(local f32, i32 = { dtype = "f32" }, { dtype = "i32" }
local A = lo.Sparse{
  {
    rowptr = lo.tensor({ 1, 2, 4 }, "p", i32),
    col = lo.tensor({ 2, 1, 3 }, "k", i32),
    value = lo.tensor({ 2, 1, 3 }, "k", f32),
  },
  "x=3 -> row=2",
}
print(A(lo.ones("x=3", f32)):sum())  --> 6.0)"},
        [](Context&, const Given& given) {
          return Sparse(entries_of(*given.operand(1)->table()), given.text(2), common(given));
        },
        operand("entries",
                Kind::table,
                "{ rowptr =, col =, value = }, or { row =, col =, value = }, whose duplicates add; "
                "indices count from 1, row-major over the dims of a side"),
        operand("text", Kind::text, "\"y x -> ray\", with all extents")),
    kExtent,
    kName,
    kBatch);

constexpr auto kronecker = with_options(
    constructor(
        {.name = "Kronecker",
         .summary = "Two operators side by side, each on dims of its own.",
         .signature = "a b -> c d",
         .adjoint = "the product of the adjoints",
         .normal = "the product of the normals",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = "local K = lo.Kronecker{ lo.FFT \"y -> ky\", lo.FFT \"x -> kx\" }\n"
                    "print(K.signature)  --> y x -> ky kx"},
        [](Context&, const Given& given) {
          if (given.operands() > 2) {
            fail(Code::argument, "Kronecker",
                 "takes 2 operands, got {}; write a product of more as lo.Kronecker{{ A, "
                 "lo.Kronecker{{ B, C }} }}",
                 given.operands());
          }
          return Kronecker(*given.operand(1)->get<Linop>(), *given.operand(2)->get<Linop>(),
                           common(given));
        },
        operand("A", Kind::linop, "acts on the first dims"),
        operand("B", Kind::linop, "acts on the last dims")),
    kExtent,
    kName,
    kBatch);

constexpr Record kRecords[] = {exported<identity>(), exported<zero>(),     exported<scalar>(),
                               exported<diagonal>(), exported<dense>(),    exported<low_rank>(),
                               exported<sparse>(),   exported<kronecker>()};

}  // namespace

std::span<const Record> elementary_records() { return kRecords; }

}  // namespace lunops::lua
