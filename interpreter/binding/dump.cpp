// SPDX-License-Identifier: MIT
#include <string>

#include <fmt/format.h>

#include "interpreter/binding/articles.hpp"
#include "interpreter/binding/json.hpp"

namespace lunops::lua {

namespace {

std::string parameters_json(const std::vector<Parameter>& list) {
  std::string text = "[";
  for (const Parameter& p : list) {
    if (text.size() > 1) text += ", ";
    text += fmt::format(
        "{{\"name\": {}, \"type\": {}, \"text\": {}, \"default\": {}, \"required\": {}}}",
        json_text(p.name), json_text(p.type), json_text(p.text), json_text(p.fallback), p.required);
  }
  return text + "]";
}

std::string words_json(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + json_text(word);
  return fmt::format("[{}]", text);
}

// What only operators have.
std::string operator_json(const Article& a) {
  if (!a.is_operator()) return "";
  return fmt::format(
      ", \"signature\": {}, \"adjoint\": {}, \"normal\": {}, \"dtypes\": {}, \"backends\": {}, "
      "\"law_cases\": {}",
      json_text(a.signature), json_text(a.adjoint), json_text(a.normal), json_text(a.dtypes),
      json_text(kBackends), a.law_cases);
}

}  // namespace

std::string dump_records() {
  std::string text = "[\n";
  bool is_first = true;
  for (const Article& a : articles()) {
    text += fmt::format(
        "{}  {{\"name\": {}, \"topic\": {}, \"kind\": \"{}\", \"heading\": {}, \"summary\": {}, "
        "\"since\": {}, \"operands\": {}, \"options\": {}, \"returns\": {}, \"raises\": {}, "
        "\"waits\": {}, \"expected_failures\": {}, \"notation\": {}, \"source\": {}, "
        "\"example\": {}, \"see\": {}{}}}",
        is_first ? "" : ",\n", json_text(a.name), json_text(a.topic), word_of(a.kind),
        json_text(heading(a)), json_text(a.summary), json_text(a.since),
        parameters_json(a.operands), parameters_json(a.options), json_text(a.returns),
        words_json(a.raises), a.waits, a.expected_failures, json_text(a.notation),
        json_text(a.source), json_text(a.example), words_json(a.see), operator_json(a));
    is_first = false;
  }
  return text + "\n]\n";
}

std::string list_operators() {
  size_t name_width = 0, signature_width = 0, dtypes_width = 0;
  for (const Article& a : articles()) {
    if (!a.is_operator()) continue;
    name_width = std::max(name_width, a.name.size());
    signature_width = std::max(signature_width, a.signature.size());
    dtypes_width = std::max(dtypes_width, a.dtypes.size());
  }
  std::string text;
  for (const Article& a : articles())
    if (a.is_operator())
      text +=
          fmt::format("{:{}}  {:{}}  {:{}}  {}  {} law cases\n", a.name, name_width, a.signature,
                      signature_width, a.dtypes, dtypes_width, kBackends, a.law_cases);
  return text;
}

}  // namespace lunops::lua
