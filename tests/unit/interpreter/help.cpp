// SPDX-License-Identifier: MIT
#include "interpreter/binding/help.hpp"

#include <catch2/catch.hpp>

#include "interpreter/binding/recipes.hpp"
#include "interpreter/session/session.hpp"
#include "runtime/core/error.hpp"
#include "runtime/core/signature.hpp"
#include "tests/unit/interpreter/recording_sink.hpp"

using namespace lunops;
using namespace lunops::lua;

namespace {

std::string text_of(const Page& page) {
  std::string text;
  for (const auto& [role, part] : page) text += part;
  return text;
}

// What an entry of the prompt shows.
std::string shown(const std::string& entry) {
  RecordingSink sink;
  Session session(sink);
  session.evaluate("x = lo.ones \"x=3\"");
  session.evaluate("-- Twice the number.\nfunction double(n) return 2 * n end");
  session.evaluate(entry);
  return sink.results + sink.diagnostics;
}

constexpr std::string_view kRecipe = R"(local M = {}

--- Sums of squares.
--- Over a dim. Source: nowhere.
--- Source: Gauss, Werke 4 (1880) 1,
--- eq. 2.
---
---     local x = 1
---     print(x)   --> 1
---@param x lunops.Tensor  "coil y x",
--- of any dtype
---@param opts? { dim: string? }  the dim
---@field spacing? number  distance in pixels (1)
---@return number sum
---@see rss
function M.squares(x, opts)
end

--- Of this module only.
---@package
function M.inner() end

--- A model.
---@operand F lunops.Linop  the transform
---@adjoint the adjoints
function M.Model(given) end

-- No documentation.
function M.bare() end
)";

}  // namespace

TEST_CASE("help shows the fields of a record in order", "[help]") {
  Article a;
  a.kind = RecordKind::constructor;
  a.name = "Flip";
  a.summary = "Turns dims round.";
  a.signature = "y x -> y x'";
  a.adjoint = "itself";
  a.normal = "the identity";
  a.operands = {{"text", "string", "the dims", "", true}};
  a.options = {{"dims", "string", "those that turn", "all", false}};
  a.returns = "an operator";
  a.raises = {"shape"};
  a.example = "print(1)  --> 1";
  a.see = {"Roll"};

  CHECK(text_of(page_of(a)) == R"(lo.Flip{ text, dims = }
Turns dims round.

dims       y x -> y x'
A.H        itself
A.N        the identity
operands
  text  string, the dims
options
  dims  string, those that turn (default all)
returns    an operator
errors     shape
example
  print(1)  --> 1
see also   Roll
)");
}

TEST_CASE("help finds a thing by its value, its name, or what the prompt was asked", "[help]") {
  const std::string page = text_of(page_about("FFT"));

  CHECK(page.find("lo.FFT{ text, norm =") == 0);
  CHECK(shown("help(lo.FFT)") == page);
  CHECK(shown("help \"lo.FFT\"") == page);
  CHECK(shown("?lo.FFT") == page);
  CHECK(shown(" ? FFT ") == page);
  CHECK(shown("help(x.sum)") == text_of(page_about("Tensor:sum")));
  CHECK(shown("help(lo.mri.radial)") == text_of(page_about("mri.radial")));
}

TEST_CASE("help of a value tells about its type", "[help]") {
  CHECK(shown("help(x)").find("lunops.Tensor\nproperties\n  Tensor.shape") == 0);
  CHECK(shown("help(lo.Identity \"y x\")")
            .find("Identity y x -> y x\nhelp \"Identity\" tells about its kind\nlunops.Linop") ==
        0);
  CHECK(shown("help(3)") == "A number; help() lists what there is.\n");
}

TEST_CASE("help of a Lua function shows the comment above it", "[help]") {
  CHECK(shown("help(double)") == "a function of prompt[2]:2\nTwice the number.\n");
  CHECK(shown("help(print)") == "A function of Lua's own; see its manual.\n");
}

TEST_CASE("help lists topics, members of one name, and what mentions a word", "[help]") {
  CHECK(text_of(page_about("solvers")).find("solvers\n  cg ") == 0);
  CHECK(text_of(page_about("conj")).find("Complex:conj") != std::string::npos);
  CHECK(text_of(page_about("conj")).find("Linop:conj") != std::string::npos);
  CHECK(text_of(page_about("Adjoint")).find("what mentions 'Adjoint'\n") == 0);
  CHECK(text_of(page_about("Adjoint")).find("Linop.H") != std::string::npos);
  CHECK(shown("?").find("help \"FFT\"") == 0);
  CHECK(shown("help(lo)") == shown("?"));
  CHECK(shown("help(lo.mri)") == text_of(page_of_topic("mri")));
}

TEST_CASE("help on an unknown name tells the nearest", "[help]") {
  CHECK(shown("?NUFTT").find(
            "lunops: help: nothing is named or mentions 'NUFTT'; did you mean 'NUFFT'?\n") == 0);
}

TEST_CASE("the block above a function of the stdlib becomes its article", "[help]") {
  const std::vector<Article> found = recipes_of("mri/sums.lua", kRecipe);

  REQUIRE(found.size() == 2);
  const Article& a = found[0];
  CHECK(a.name == "mri.squares");
  CHECK(a.topic == "mri");
  CHECK(a.summary == "Sums of squares. Over a dim. Source: nowhere.");
  CHECK(a.source == "Gauss, Werke 4 (1880) 1, eq. 2.");
  CHECK(a.example == "local x = 1\nprint(x)   --> 1");
  REQUIRE(a.operands.size() == 2);
  CHECK(a.operands[0].text == "\"coil y x\", of any dtype");
  CHECK(a.operands[1].type == "{ dim: string? }");
  CHECK_FALSE(a.operands[1].required);
  REQUIRE(a.options.size() == 1);
  CHECK(a.options[0].fallback == "1");
  CHECK(a.options[0].text == "distance in pixels");
  CHECK(a.returns == "number sum");
  CHECK(a.see == std::vector<std::string>{"rss"});
  CHECK(heading(a) == "lo.mri.squares(x, opts?, { spacing = })");
  const Article& model = found[1];
  CHECK(model.name == "Model");
  CHECK(model.is_operator());
  CHECK(model.adjoint == "the adjoints");
  CHECK(heading(model) == "lo.Model{ F }");
}

TEST_CASE("every operator says its dims, adjoint and normal, and has law cases", "[records]") {
  for (const Article& a : articles()) {
    if (!a.is_operator()) continue;
    INFO(a.name);
    CHECK_FALSE(a.adjoint.empty());
    CHECK_FALSE(a.normal.empty());
    CHECK_NOTHROW(Signature::parse("record", a.signature));
    CHECK(a.law_cases > 0);
    CHECK_FALSE(a.dtypes.empty());
  }
}

TEST_CASE("what a record refers to exists", "[records]") {
  for (const Article& a : articles()) {
    INFO(a.name);
    for (const std::string& name : a.see) {
      INFO(name);
      CHECK((find_article(name) != nullptr || find_article(a.topic + "." + name) != nullptr));
    }
  }
}
