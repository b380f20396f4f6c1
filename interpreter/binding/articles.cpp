// SPDX-License-Identifier: MIT
#include "interpreter/binding/articles.hpp"

#include <charconv>

#include <fmt/format.h>

#include "interpreter/binding/recipes.hpp"
#include "interpreter/binding/stdlib.hpp"
#include "runtime/core/signature.hpp"

namespace lunops::lua {

namespace {

// The first quoted text of an operand's description that is a signature: "\"y x -> ky kx\"".
std::string quoted_signature(const Record& record) {
  for (const Field& field : record.operands) {
    if (field.kind != Kind::text) continue;
    const size_t open = field.text.find('"');
    const size_t close = field.text.find('"', open + 1);
    if (open == std::string_view::npos || close == std::string_view::npos) continue;
    return std::string(field.text.substr(open + 1, close - open - 1));
  }
  return {};
}

std::vector<Parameter> parameters(std::span<const Field> fields) {
  std::vector<Parameter> list;
  for (const Field& f : fields)
    list.push_back({std::string(f.name), std::string(word_of(f.kind)), std::string(f.text),
                    std::string(f.fallback), f.required});
  return list;
}

Article article_of(std::string_view topic, const Record& record) {
  const Info& info = *record.info;
  Article a;
  a.topic = topic;
  a.kind = record.kind;
  a.name = info.name;
  a.summary = info.summary;
  a.adjoint = info.adjoint;
  a.normal = info.normal;
  a.returns = info.returns;
  a.source = info.source;
  a.since = info.since;
  a.notation = info.notation;
  a.example = info.example;
  a.waits = info.waits;
  a.expected_failures = info.expected_failures;
  a.entry = record.entry;
  a.operands = parameters(record.operands);
  a.options = parameters(record.options);
  for (const Code code : info.raises) a.raises.emplace_back(lunops::name_of(code));
  for (const std::string_view name : info.see) a.see.emplace_back(name);
  if (a.is_operator()) {
    a.signature = info.signature;
    if (a.signature.empty()) a.signature = quoted_signature(record);
  }
  return a;
}

// Adds what the law tests found to the operator of each line "FFT 7 c64,c128".
void add_law_cases(std::vector<Article>& all) {
  std::string_view text = law_case_lines();
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t first = line.find(' '), second = line.find(' ', first + 1);
    if (line.starts_with("#") || second == std::string_view::npos) continue;
    for (Article& a : all) {
      if (!a.is_operator() || a.name != line.substr(0, first)) continue;
      std::from_chars(line.data() + first + 1, line.data() + second, a.law_cases);
      a.dtypes = line.substr(second + 1);
      for (char& c : a.dtypes)
        if (c == ',') c = ' ';
    }
  }
}

std::vector<Article> collected() {
  std::vector<Article> all;
  for (const Topic& topic : all_topics())
    for (const Record& record : topic.records) all.push_back(article_of(topic.name, record));
  for (const EmbeddedFile& file : embedded_files())
    for (Article& recipe : recipes_of(file.path, file.text)) all.push_back(std::move(recipe));
  add_law_cases(all);
  return all;
}

// "Tensor:sum" is written x:sum, "Linop.H" A.H.
std::string_view self_of(std::string_view type) {
  if (type == "Linop") return "A";
  if (type == "Complex") return "z";
  if (type == "Tensor") return "x";
  if (type == "Stages") return "stage";
  return "s";
}

std::string join_operands(const Article& a, size_t from) {
  std::string text;
  for (size_t i = from; i < a.operands.size(); ++i) {
    const Parameter& p = a.operands[i];
    text += fmt::format("{}{}{}", text.empty() ? "" : ", ", p.name, p.required ? "" : "?");
  }
  return text;
}

std::string options_text(const Article& a) {
  std::string text;
  for (const Parameter& p : a.options)
    text += fmt::format("{}{} =", text.empty() ? "" : ", ", p.name);
  return text;
}

}  // namespace

const std::vector<Article>& articles() {
  static const std::vector<Article> all = collected();
  return all;
}

const Article* find_article(std::string_view name) {
  if (name.starts_with("lo.")) name.remove_prefix(3);
  for (const Article& a : articles())
    if (a.name == name) return &a;
  return nullptr;
}

std::string_view word_of(RecordKind kind) noexcept {
  switch (kind) {
    case RecordKind::function:
      return "function";
    case RecordKind::constructor:
      return "constructor";
    case RecordKind::method:
      return "method";
    case RecordKind::property:
      return "property";
    case RecordKind::metamethod:
      return "metamethod";
  }
  return "";
}

std::string heading(const Article& a) {
  const size_t at = a.name.find_last_of(".:");
  const std::string_view type = std::string_view(a.name).substr(0, std::min(at, a.name.size()));
  const std::string member = at == std::string::npos ? a.name : a.name.substr(at + 1);
  const std::string options = options_text(a);
  switch (a.kind) {
    case RecordKind::metamethod:
      return a.notation.empty() ? a.name : a.notation;
    case RecordKind::property:
      return fmt::format("{}.{}", self_of(type), member);
    case RecordKind::constructor: {
      std::string inside = join_operands(a, 0);
      if (!options.empty()) inside += (inside.empty() ? "" : ", ") + options;
      return fmt::format("lo.{}{{ {} }}", a.name, inside);
    }
    case RecordKind::method:
    case RecordKind::function: {
      std::string inside = join_operands(a, a.kind == RecordKind::method ? 1 : 0);
      if (!options.empty())
        inside += fmt::format("{}{{ {} }}", inside.empty() ? "" : ", ", options);
      const std::string head = a.kind == RecordKind::method
                                   ? fmt::format("{}:{}", self_of(type), member)
                                   : "lo." + a.name;
      return fmt::format("{}({})", head, inside);
    }
  }
  return a.name;
}

}  // namespace lunops::lua
