// SPDX-License-Identifier: MIT
#include <string>

#include <fmt/format.h>

#include "interpreter/binding/json.hpp"
#include "interpreter/binding/record.hpp"

namespace lunops::lua {

namespace {

std::string_view word(RecordKind kind) {
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

std::string fields_json(std::span<const Field> fields) {
  std::string text = "[";
  for (const Field& field : fields) {
    if (text.size() > 1) text += ", ";
    text += fmt::format(
        "{{\"name\": {}, \"type\": {}, \"text\": {}, \"default\": {}, \"required\": {}}}",
        json_text(field.name), json_text(word_of(field.kind)), json_text(field.text),
        json_text(field.fallback), field.required);
  }
  return text + "]";
}

}  // namespace

std::string dump_records() {
  std::string text = "[\n";
  bool is_first = true;
  for (const Topic& topic : all_topics()) {
    for (const Record& record : topic.records) {
      const Info& info = *record.info;
      std::string raises, see;
      for (const Code code : info.raises)
        raises += (raises.empty() ? "" : ", ") + json_text(lunops::name_of(code));
      for (const std::string_view name : info.see)
        see += (see.empty() ? "" : ", ") + json_text(name);
      text += fmt::format(
          "{}  {{\"name\": {}, \"topic\": {}, \"kind\": \"{}\", \"summary\": {}, \"since\": {}, "
          "\"operands\": {}, \"options\": {}, \"returns\": {}, \"raises\": [{}], \"waits\": {}, "
          "\"expected_failures\": {}, \"notation\": {}, \"source\": {}, \"example\": {}, \"see\": "
          "[{}]}}",
          is_first ? "" : ",\n", json_text(info.name), json_text(topic.name), word(record.kind),
          json_text(info.summary), json_text(info.since), fields_json(record.operands),
          fields_json(record.options), json_text(info.returns), raises, info.waits,
          info.expected_failures, json_text(info.notation), json_text(info.source),
          json_text(info.example), see);
      is_first = false;
    }
  }
  return text + "\n]\n";
}

}  // namespace lunops::lua
