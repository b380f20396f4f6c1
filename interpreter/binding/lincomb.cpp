// SPDX-License-Identifier: MIT
#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/topics.hpp"

namespace lunops::lua {

namespace {

// A row { factor, tensor } of lo.lincomb.
std::pair<c128, Tensor> term(const Value& row, size_t position) {
  const Table* pair = row.table();
  const bool has_two = pair != nullptr && pair->list.size() == 2 && pair->fields.empty();
  const auto factor = has_two ? scalar_of(pair->list[0]) : std::nullopt;
  const auto* x = has_two ? pair->list[1].get<Tensor>() : nullptr;
  if (!factor || x == nullptr)
    fail(Code::argument, "lincomb", "term {} must be {{ number, tensor }}", position);
  return {*factor, *x};
}

constexpr auto lincomb = function(
    {.name = "lincomb",
     .summary = "A linear combination of tensors, made without temporaries.",
     .returns = "a new tensor",
     .raises = {Code::shape, Code::dtype, Code::device, Code::argument},
     .example = R"(local x = lo.ones("x=3", { dtype = "f32" })
print(lo.lincomb{ { 2, x }, { -1, x } }:sum())  --> 3.0)",
     .see = {"Tensor:axpy"}},
    [](Context& context, const Value& terms) {
      const std::vector<Value>& list = terms.table()->list;
      if (list.empty()) fail(Code::argument, "lincomb", "needs at least one {{ number, tensor }}");
      const auto [first, x] = term(list[0], 1);
      const Tensor y = binary(Binary::multiply, x, first, context);
      for (size_t i = 1; i < list.size(); ++i) {
        const auto [factor, z] = term(list[i], i + 1);
        axpby(factor, z, 1, y, context);
      }
      return y;
    },
    param<TableArg>("terms", "{ { number, tensor }, … } of one shape and dtype"));

constexpr auto tile = function(
    {.name = "tile",
     .summary = "Repeats a tensor along a new, slowest dim.",
     .returns = "a copy; lo.expand gives a view",
     .raises = {Code::shape, Code::argument},
     .example = "print(lo.tile(lo.ones \"x=3\", \"coil\", 2).shape)  --> coil=2 x=3",
     .see = {"expand"}},
    [](Context& context, const Tensor& x, std::string_view dim, int64_t count) {
      if (count < 0) fail(Code::argument, "tile", "the extent of '{}' is {}", dim, count);
      return expand(x, fmt::format("... -> {} ...", dim), {{std::string(dim), count}}, context)
          .clone(context);
    },
    param<TensorArg>("x", "the input"),
    param<TextArg>("dim", "name of the new dim"),
    param<IntArg>("count", "its extent"));

constexpr Record kRecords[] = {exported<lincomb>(), exported<tile>()};

}  // namespace

std::span<const Record> lincomb_records() { return kRecords; }

}  // namespace lunops::lua
