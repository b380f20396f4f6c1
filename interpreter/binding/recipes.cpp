// SPDX-License-Identifier: MIT
#include "interpreter/binding/recipes.hpp"

#include <cctype>

#include <fmt/format.h>

namespace lunops::lua {

namespace {

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// The first word, which leaves `text`.
std::string_view take_word(std::string_view& text) {
  text = trimmed(text);
  const size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text = trimmed(text.substr(end));
  return word;
}

// A type may hold blanks between braces, brackets or parentheses: "{ spacing: number? }".
std::string_view take_type(std::string_view& text) {
  text = trimmed(text);
  int depth = 0;
  size_t end = 0;
  for (; end < text.size(); ++end) {
    const char c = text[end];
    if (c == '{' || c == '(' || c == '[') ++depth;
    if (c == '}' || c == ')' || c == ']') --depth;
    if (c == ' ' && depth == 0) break;
  }
  const std::string_view type = text.substr(0, end);
  text = trimmed(text.substr(end));
  return type;
}

void append(std::string& to, std::string_view text, std::string_view between = " ") {
  if (!to.empty() && !text.empty()) to += between;
  to += text;
}

// "mri/radial.lua" exports into lo.mri, "metrics.lua" into lo.metrics, and an operator of any file
// into lo itself.
std::string exported_name(std::string_view file, std::string_view function) {
  if (std::isupper(static_cast<unsigned char>(function[0])) != 0) return std::string(function);
  return fmt::format("{}.{}", file.substr(0, file.find_first_of("/.")), function);
}

// One block being read; `rest` is the text that a continuation line would go on with.
struct Block {
  Article article;
  std::vector<Parameter> params;  // of the function; an operator's is one table
  std::string* rest = nullptr;
  bool is_source = false, is_exported = true;

  void words(std::string_view text, std::vector<std::string>& list) {
    for (std::string_view word = take_word(text); !word.empty(); word = take_word(text))
      list.emplace_back(word);
    rest = nullptr;
  }

  void parameter(std::string_view text, std::vector<Parameter>& list) {
    Parameter p;
    std::string_view name = take_word(text);
    p.required = name.empty() || name.back() != '?';
    if (!p.required) name.remove_suffix(1);
    p.name = name;
    p.type = take_type(text);
    // A default stands in brackets at the end: "width of the window (24)".
    if (!text.empty() && text.back() == ')' && &list == &article.options)
      if (const size_t open = text.rfind('('); open != std::string_view::npos) {
        p.fallback = text.substr(open + 1, text.size() - open - 2);
        text = trimmed(text.substr(0, open));
      }
    p.text = text;
    list.push_back(std::move(p));
    rest = &list.back().text;
  }

  void tag(std::string_view text) {
    const std::string_view word = take_word(text);
    if (word == "param") return parameter(text, params);
    if (word == "operand") return parameter(text, article.operands);
    if (word == "field") return parameter(text, article.options);
    if (word == "see") return words(text, article.see);
    if (word == "raises") return words(text, article.raises);
    if (word == "package") is_exported = false;
    std::string* field = word == "return"      ? &article.returns
                         : word == "signature" ? &article.signature
                         : word == "adjoint"   ? &article.adjoint
                         : word == "normal"    ? &article.normal
                                               : nullptr;
    if (field != nullptr) append(*field, text, "; ");
    rest = field;
  }

  void line(std::string_view text) {
    if (text.starts_with("@")) return tag(text.substr(1));
    if (text.starts_with("     ")) {  // the example, four deep after the blank that follows ---
      append(article.example, text.substr(5), "\n");
      return;
    }
    const std::string_view words = trimmed(text);
    if (rest != nullptr) return append(*rest, words);
    for (const std::string_view start : {"Source: ", "Sources: "})
      if (words.starts_with(start)) {
        is_source = true;
        return append(article.source, words.substr(start.size()));
      }
    if (words.empty()) is_source = false;
    append(is_source ? article.source : article.summary, words);
  }
};

}  // namespace

std::vector<Article> recipes_of(std::string_view file, std::string_view text) {
  std::vector<Article> found;
  Block block;
  bool in_block = false;
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with("---")) {
      if (!in_block) block = Block();
      in_block = true;
      block.line(line.substr(3));
      continue;
    }
    constexpr std::string_view kStart = "function M.";
    if (in_block && block.is_exported && line.starts_with(kStart)) {
      std::string_view name = line.substr(kStart.size());
      name = name.substr(0, name.find('('));
      Article& article = block.article;
      article.name = exported_name(file, name);
      article.topic = file.substr(0, file.find_first_of("/."));
      article.kind = std::isupper(static_cast<unsigned char>(name[0])) != 0
                         ? RecordKind::constructor
                         : RecordKind::function;
      if (article.kind == RecordKind::function) article.operands = std::move(block.params);
      article.since = Info{.name = "", .summary = ""}.since;
      article.file = file;
      article.line = number;
      found.push_back(std::move(article));
    }
    in_block = false;
  }
  return found;
}

}  // namespace lunops::lua
