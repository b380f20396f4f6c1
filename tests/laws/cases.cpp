// SPDX-License-Identifier: MIT
// Counts the law cases of each operator and finds the dtypes in which they run, for the records.
// Usage: law_cases            prints what tests/laws/cases.txt must hold
//        law_cases --check F  exits 1 if F holds anything else
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include "runtime/core/error.hpp"
#include "tests/laws/laws.hpp"

using namespace lunops;

namespace {

constexpr DType kDTypes[] = {DType::f32, DType::f64, DType::c64, DType::c128};

// Whether the case works on data of this dtype; only the error that says otherwise is caught.
bool takes(const laws::Case& each, DType dtype) {
  Context context;
  laws::Draw draw(1, dtype, context);
  try {
    const Linop a = each.make(draw);
    const Shape input = each.input.empty() ? a.ishape() : Shape::parse(each.input);
    a(zeros(input, dtype, context), context);
    return true;
  } catch (const Error& e) {
    if (e.code() != Code::dtype) throw;
    return false;
  }
}

std::string table() {
  struct Row {
    int cases = 0;
    std::set<DType> dtypes;
  };
  std::map<std::string, Row> rows;
  for (const laws::Registered& r : laws::registered()) {
    Row& row = rows[r.kind];
    ++row.cases;
    for (const DType dtype : kDTypes)
      if (row.dtypes.count(dtype) == 0 && takes(r.each, dtype)) row.dtypes.insert(dtype);
  }
  std::string text = "# operator, number of law cases, dtypes; made by `./dev docs`\n";
  for (const auto& [kind, row] : rows) {
    std::string dtypes;
    for (const DType dtype : kDTypes)
      if (row.dtypes.count(dtype) != 0)
        dtypes += fmt::format("{}{}", dtypes.empty() ? "" : ",", name_of(dtype));
    text += fmt::format("{} {} {}\n", kind, row.cases, dtypes);
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string text = table();
  if (argc != 3 || std::strcmp(argv[1], "--check") != 0) {
    std::cout << text;
    return argc == 1 ? 0 : 2;
  }
  std::ostringstream found;
  found << std::ifstream(argv[2]).rdbuf();
  if (found.str() == text) return 0;
  std::cerr << argv[2] << " is not what the law tests register; run ./dev docs\n";
  return 1;
} catch (const std::exception& e) {
  std::cerr << "law_cases: " << e.what() << "\n";
  return 1;
}
