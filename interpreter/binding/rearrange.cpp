// SPDX-License-Identifier: MIT
#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/topics.hpp"
#include "runtime/core/compact.hpp"
#include "runtime/core/match.hpp"

namespace lunops::lua {

namespace {

constexpr Field kExtent = option("extent", Kind::table, "", "extents of new or split dims");

constexpr auto rearrange_ = with_options(
    function(
        {.name = "rearrange",
         .summary = "Reorders, splits and merges named dims.",
         .returns = "a view where strides allow, otherwise a copy",
         .raises = {Code::shape},
         .example =
             R"(print(lo.rearrange(lo.ones "coil=2 x=6", "coil (x b=3) -> x coil b").shape)  --> x=2 coil=2 b=3)",
         .see = {"reduce", "expand", "einsum"}},
        [](Context& context, const Tensor& x, std::string_view pattern, const Given& given) {
          return lunops::rearrange(x, pattern, given.extents("extent"), context);
        },
        param<TensorArg>("x", "the input"),
        param<TextArg>("pattern", "for example \"coil y x -> coil (y x)\"")),
    kExtent);

Reduction reduction_named(std::string_view name) {
  constexpr std::pair<std::string_view, Reduction> known[] = {
      {"sum", Reduction::sum}, {"mean", Reduction::mean}, {"min", Reduction::min},
      {"max", Reduction::max}, {"norm", Reduction::norm}, {"any", Reduction::any},
      {"all", Reduction::all},
  };
  std::vector<std::string> names;
  for (const auto& [text, op] : known) {
    if (text == name) return op;
    names.emplace_back(text);
  }
  fail(Code::argument, "reduce",
       "unknown reduction '{}'{}; there are sum mean min max norm any all", name,
       suggestion(name, names));
}

constexpr auto reduce_ = with_options(
    function(
        {.name = "reduce",
         .summary = "Rearranges and reduces over the names missing on the right.",
         .returns = "a tensor",
         .raises = {Code::shape, Code::argument},
         .example =
             R"(print(lo.reduce(lo.ones "coil=2 x=3", "coil x -> x", "sum").shape)  --> x=3)",
         .see = {"rearrange", "Tensor:sum"}},
        [](Context& context,
           const Tensor& x,
           std::string_view pattern,
           std::string_view op,
           const Given& given) {
          return lunops::reduce(x, pattern, reduction_named(op), given.extents("extent"), context);
        },
        param<TensorArg>("x", "the input"),
        param<TextArg>("pattern", "for example \"coil y x -> y x\""),
        param<TextArg>("op", "sum mean min max norm any all")),
    kExtent);

constexpr auto expand_ = with_options(
    function(
        {.name = "expand",
         .summary = "Rearranges and repeats along the names that are new on the right.",
         .returns = "a view with stride 0 along new dims",
         .raises = {Code::shape},
         .example =
             R"(print(lo.expand(lo.ones "x=3", "x -> coil x", { extent = { coil = 2 } }).shape)  --> coil=2 x=3)",
         .see = {"rearrange"}},
        [](Context& context, const Tensor& x, std::string_view pattern, const Given& given) {
          return lunops::expand(x, pattern, given.extents("extent"), context);
        },
        param<TensorArg>("x", "the input"),
        param<TextArg>("pattern", "for example \"y x -> coil=8 y x\"")),
    kExtent);

// einsum(text, a, b, …): the operands are as many as the text has.
int einsum_entry(lua_State* L) {
  State& state = state_of(L);
  const int count = lua_gettop(L);
  const std::string_view text = TextArg::decode(L, Place{state, "einsum", "text", 1});
  for (int i = 2; i <= count; ++i) TensorArg::decode(L, Place{state, "einsum", "operand", i});
  luaL_checkstack(L, 8, nullptr);
  return finish(L, state, [&](Context& context) {
    std::vector<Tensor> operands;
    for (int i = 2; i <= count; ++i) operands.push_back(box_at<Tensor>(L, i)->value());
    return lunops::einsum(text, operands, context);
  });
}
constexpr Manual einsum_ = {
    {.name = "einsum",
     .summary = "Contracts tensors over the names that the output lacks; never conjugates.",
     .returns = "a tensor",
     .raises = {Code::shape, Code::dtype, Code::device},
     .example =
         R"(print(lo.einsum("m n, n -> m", lo.ones "m=2 n=3", lo.ones "n=3"):sum())  --> 6+0i)",
     .see = {"rearrange", "dot"}}};
constexpr Field kEinsum[] = {
    {"text", Kind::text, "for example \"coil y x, coil y x -> y x\"", {}, true},
    {"operands", Kind::tensor, "one tensor for each part left of ->", {}, true}};

constexpr auto allclose_ = with_options(
    function(
        {.name = "allclose",
         .summary = "True if |a - b| <= atol + rtol*|b| everywhere.",
         .returns = "a boolean; if false also a text with the largest difference and where it is",
         .raises = {Code::shape, Code::device},
         .example =
             R"(print(lo.allclose(lo.ones "x=3", lo.ones "x=3" * 1.1))  --> false	largest difference 0.1 at {x=1})",
         .waits = true},
        [](Context& context, const Tensor& a, const Tensor& b, const Given& given) {
          const Closeness close = lunops::allclose(a, b, given.number("rtol").value_or(1e-5),
                                                   given.number("atol").value_or(0), context);
          Results results;
          results.values.emplace_back(close.is_close);
          if (close.is_close) return results;
          std::string place;
          for (size_t i = 0; i < close.index.size(); ++i) {
            const std::string name = i < close.dims.size() && !close.dims[i].name.empty()
                                         ? close.dims[i].text() + "="
                                         : std::string();
            place += fmt::format("{}{}{}", i > 0 ? ", " : "", name, close.index[i] + 1);
          }
          results.values.emplace_back(
              fmt::format("largest difference {:.6g} at {{{}}}", close.difference, place));
          return results;
        },
        param<TensorArg>("a", "a tensor"),
        param<TensorArg>("b", "a tensor of the same shape: the reference")),
    option("rtol", Kind::number, "1e-5", "relative to |b|"),
    option("atol", Kind::number, "0", "absolute"));

constexpr auto dim = function(
    {.name = "dim",
     .summary = "Expands the compact form of a string: a name starts at each capital.",
     .returns = "a string",
     .raises = {Code::shape},
     .example = "print(lo.dim \"CNxNy\")  --> C Nx Ny",
     .see = {"shape"}},
    [](Context&, std::string_view text) { return expand_compact("dim", text); },
    param<TextArg>("text", "for example \"MN,N->M\""));

Value bindings_of(const MatchBindings& bindings) {
  Table table;
  if (bindings.rest) table["..."] = *bindings.rest;
  for (const auto& [number, text] : bindings.numbered) table[fmt::format("({})", number)] = text;
  if (!bindings.anonymous.empty()) {
    Table list;
    for (const std::string& text : bindings.anonymous) list.list.emplace_back(text);
    table["()"] = Value(std::move(list));
  }
  return table;
}

constexpr auto match_ = function(
    {.name = "match",
     .summary = "Matches two patterns of dims and tells what their variables stand for.",
     .returns = "two tables of bindings, those of p and of q; or nil and the reason",
     .raises = {Code::shape},
     .example = R"(print(lo.match("a ... c", "a b c")["..."])  --> b)",
     .expected_failures = true},
    [](Context&, std::string_view p, std::string_view q) {
      const MatchResult found = lunops::match(p, q);
      Results results;
      if (!found.is_match) {
        results.values.emplace_back();
        results.values.emplace_back(found.reason);
        return results;
      }
      results.values.push_back(bindings_of(found.p));
      results.values.push_back(bindings_of(found.q));
      return results;
    },
    param<TextArg>("p", "for example \"a ... c\""),
    param<TextArg>("q", "another"));

constexpr Record kRecords[] = {exported<rearrange_>(), exported<reduce_>(),
                               exported<expand_>(),    manual(einsum_, einsum_entry, kEinsum),
                               exported<allclose_>(),  exported<dim>(),
                               exported<match_>()};

}  // namespace

std::span<const Record> rearrange_records() { return kRecords; }

}  // namespace lunops::lua
