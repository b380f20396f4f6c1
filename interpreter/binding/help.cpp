// SPDX-License-Identifier: MIT
#include "interpreter/binding/help.hpp"

#include <algorithm>
#include <cctype>
#include <set>

#include <fmt/format.h>

#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"

namespace lunops::lua {

namespace {

constexpr size_t kWidth = 80;

size_t columns_of(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

// Breaks words into lines of at most kWidth columns; all but the first are indented.
std::string wrapped(std::string_view text, size_t indent, size_t first) {
  std::string result;
  size_t column = first;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    const size_t width = columns_of(word);
    if (column > indent && column + 1 + width > kWidth && column > first) {
      result += '\n';
      result.append(indent, ' ');
      column = indent;
    } else if (column > first || !result.empty()) {
      result += ' ';
      ++column;
    }
    result += word;
    column += width;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  result += '\n';
  return result;
}

std::string padded(std::string_view text, size_t width) {
  std::string result(text);
  const size_t have = columns_of(text);
  if (have < width) result.append(width - have, ' ');
  return result;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ", ";
    text += word;
  }
  return text;
}

void field(Page& page, std::string_view name, const std::string& text) {
  if (text.empty()) return;
  page.emplace_back(Role::dim, padded(name, 11));
  page.emplace_back(Role::plain, wrapped(text, 11, 11));
}

void parameters(Page& page, std::string_view title, const std::vector<Parameter>& list) {
  if (list.empty()) return;
  page.emplace_back(Role::dim, fmt::format("{}\n", title));
  size_t width = 0;
  for (const Parameter& p : list) width = std::max(width, columns_of(p.name) + 2);
  for (const Parameter& p : list) {
    const bool is_optional = !p.required && p.fallback.empty();
    std::string text = p.type;
    if (!p.text.empty()) text.append(", ").append(p.text);
    if (!p.fallback.empty()) text += fmt::format(" (default {})", p.fallback);
    if (is_optional) text += " (optional)";
    page.emplace_back(Role::name, fmt::format("  {}", padded(p.name, width)));
    page.emplace_back(Role::plain, wrapped(text, 2 + width, 2 + width));
  }
}

// One line "heading   summary" per article.
void lines(Page& page, const std::vector<const Article*>& list) {
  size_t width = 0;
  for (const Article* a : list) width = std::max(width, columns_of(a->name) + 2);
  for (const Article* a : list) {
    const bool is_shown = a->kind == RecordKind::metamethod && !a->notation.empty();
    const std::string name = is_shown ? a->notation : a->name;
    page.emplace_back(Role::name, fmt::format("  {}", padded(name, width)));
    page.emplace_back(Role::plain, wrapped(a->summary, 2 + width, 2 + width));
  }
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::vector<std::string> topics() {
  std::vector<std::string> names;
  for (const Article& a : articles())
    if (std::find(names.begin(), names.end(), a.topic) == names.end()) names.push_back(a.topic);
  return names;
}

// Articles that the word `text` names: "FFT", "lo.FFT", "Tensor:sum", and "sum" alone.
std::vector<const Article*> named(std::string_view text) {
  if (const Article* a = find_article(text)) return {a};
  std::vector<const Article*> list;
  for (const Article& a : articles()) {
    const size_t at = a.name.find_last_of(".:");
    if (at != std::string::npos && std::string_view(a.name).substr(at + 1) == text)
      list.push_back(&a);
  }
  return list;
}

bool mentions(const Article& a, const std::string& word) {
  const auto has = [&](const std::string& text) {
    return lower(text).find(word) != std::string::npos;
  };
  const auto any = [&](const std::vector<Parameter>& list) {
    return std::any_of(list.begin(), list.end(),
                       [&](const Parameter& p) { return has(p.name) || has(p.text); });
  };
  return has(a.name) || has(a.summary) || has(a.adjoint) || has(a.normal) || has(a.returns) ||
         has(a.notation) || any(a.operands) || any(a.options);
}

}  // namespace

Page page_of(const Article& a) {
  Page page;
  page.emplace_back(Role::name, wrapped(heading(a), 4, 0));
  page.emplace_back(Role::plain, wrapped(a.summary, 0, 0));
  page.emplace_back(Role::plain, "\n");
  if (a.notation != heading(a)) field(page, "written", a.notation);
  field(page, "dims", a.signature);
  field(page, "A.H", a.adjoint);
  field(page, "A.N", a.normal);
  const bool has_self = a.kind == RecordKind::method || a.kind == RecordKind::property;
  parameters(
      page, "operands",
      has_self ? std::vector<Parameter>(a.operands.begin() + !a.operands.empty(), a.operands.end())
               : a.operands);
  parameters(page, "options", a.options);
  field(page, "returns", a.returns);
  field(page, "dtypes", a.dtypes);
  field(page, "errors", joined(a.raises));
  if (a.expected_failures)
    field(page, "failure", "where failing is an ordinary answer: nil, message, code");
  if (a.waits) field(page, "waits", "until the device has finished");
  field(page, "source", a.source);
  if (!a.example.empty()) {
    page.emplace_back(Role::dim, "example\n");
    std::string_view rest = a.example;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      page.emplace_back(Role::text, fmt::format("  {}\n", rest.substr(0, end)));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  field(page, "see also", joined(a.see));
  return page;
}

Page page_of_type(std::string_view type) {
  std::vector<const Article*> members;
  for (const Article& a : articles())
    if (a.name.starts_with(type) && a.name.size() > type.size() &&
        (a.name[type.size()] == '.' || a.name[type.size()] == ':'))
      members.push_back(&a);
  if (members.empty()) return {};
  Page page;
  page.emplace_back(Role::name, fmt::format("lunops.{}\n", type));
  for (const auto& [kind, title] : {std::pair(RecordKind::property, "properties"),
                                    {RecordKind::method, "methods"},
                                    {RecordKind::metamethod, "notation"}}) {
    std::vector<const Article*> list;
    for (const Article* a : members)
      if (a->kind == kind) list.push_back(a);
    if (list.empty()) continue;
    page.emplace_back(Role::dim, fmt::format("{}\n", title));
    lines(page, list);
  }
  return page;
}

Page page_of_topic(std::string_view topic) {
  std::vector<const Article*> list;
  for (const Article& a : articles())
    if (a.topic == topic) list.push_back(&a);
  if (list.empty()) return {};
  Page page;
  page.emplace_back(Role::name, fmt::format("{}\n", topic));
  lines(page, list);
  return page;
}

Page overview() {
  Page page;
  page.emplace_back(Role::plain,
                    "help \"FFT\", help(lo.FFT), help(x): one thing; help \"adjoint\": what "
                    "mentions a word;\nhelp \"operators\": a topic.\n");
  page.emplace_back(Role::dim, "topics\n");
  for (const std::string& topic : topics()) {
    std::string names;
    for (const Article& a : articles())
      if (a.topic == topic && a.kind != RecordKind::metamethod)
        names += (names.empty() ? "" : " ") + a.name;
    page.emplace_back(Role::name, fmt::format("  {}", padded(topic, 28)));
    page.emplace_back(Role::plain, wrapped(names, 30, 30));
  }
  return page;
}

Page page_about(std::string_view text) {
  const std::vector<const Article*> exact = named(text);
  if (exact.size() == 1) return page_of(*exact.front());
  if (!exact.empty()) {
    Page page;
    lines(page, exact);
    return page;
  }
  if (Page page = page_of_type(text); !page.empty()) return page;
  if (Page page = page_of_topic(text); !page.empty()) return page;
  std::vector<const Article*> hits;
  const std::string word = lower(text);
  if (!word.empty())
    for (const Article& a : articles())
      if (mentions(a, word)) hits.push_back(&a);
  if (hits.empty()) {
    std::vector<std::string> known = topics();
    for (const Article& a : articles()) {
      known.push_back(a.name);
      const size_t at = a.name.find_last_of(".:");
      if (at != std::string::npos) known.push_back(a.name.substr(at + 1));
    }
    fail(Code::argument, "help", "nothing is named or mentions '{}'{}", text,
         did_you_mean(text, known));
  }
  Page page;
  page.emplace_back(Role::dim, fmt::format("what mentions '{}'\n", text));
  lines(page, hits);
  return page;
}

std::string comment_above(std::string_view text, int line) {
  std::vector<std::string_view> before;
  for (int i = 1; i < line && !text.empty(); ++i) {
    const size_t end = std::min(text.find('\n'), text.size());
    before.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  std::string result;
  for (; !before.empty(); before.pop_back()) {
    std::string_view row = before.back();
    row.remove_prefix(std::min(row.find_first_not_of(" \t"), row.size()));
    if (!row.starts_with("--")) break;
    row.remove_prefix(std::min(row.find_first_not_of('-'), row.size()));
    if (row.starts_with(" ")) row.remove_prefix(1);
    result.insert(0, fmt::format("{}\n", row));
  }
  return result;
}

}  // namespace lunops::lua
