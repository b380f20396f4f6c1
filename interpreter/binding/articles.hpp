// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "interpreter/binding/record.hpp"

namespace lunops::lua {

// An operand or option as a reader sees it.
struct Parameter {
  std::string name, type, text, fallback;
  bool required = false;
};

// What is known about one exported thing: of a C++ record, or of the `---` block above a function
// of the stdlib.  Help, the reference, the editor's annotations and the list of operators are all
// made from articles, so that nothing is said twice.
struct Article {
  std::string topic;  // "operators", "mri"
  RecordKind kind = RecordKind::function;
  std::string name;  // as in Info; "mri.radial" for recipes
  std::string summary, signature, adjoint, normal, returns, source, since, notation, example;
  std::vector<Parameter> operands, options;
  std::vector<std::string> raises, see;
  bool waits = false, expected_failures = false;
  lua_CFunction entry = nullptr;  // null for recipes
  std::string file;               // of recipes: "mri/radial.lua", and the line of `function`
  int line = 0;
  // Of operators: how many cases the law tests run, and the dtypes in which they ran.
  int law_cases = 0;
  std::string dtypes;

  bool is_operator() const noexcept { return kind == RecordKind::constructor; }
};

// Where every operator runs: law L9 compares the first two, tests/cuda/laws.cpp the third.
inline constexpr std::string_view kBackends = "reference cpu cuda";

// All of them, in the order of the reference: records by topic, then recipes.
const std::vector<Article>& articles();
const Article* find_article(std::string_view name);

std::string_view word_of(RecordKind kind) noexcept;  // "method"
// How it is written: "lo.FFT{ text, norm =, … }", "x:sum(dims, { … })", "x + y".
std::string heading(const Article& article);
// tests/laws/cases.txt, which the program law_cases makes: one line "FFT 7 c64,c128" per operator.
std::string_view law_case_lines();

}  // namespace lunops::lua
