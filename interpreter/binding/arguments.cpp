// SPDX-License-Identifier: MIT
#include <cstdio>
#include <cstdlib>

#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/topics.hpp"

namespace lunops::lua {

namespace {

// One option of a script: {name, default, text}.
struct Option {
  std::string name, text;
  enum class Kind { text, placeholder, choice, flag, integer, number } kind = Kind::text;
  Value fallback;
  std::string shown;  // default or placeholder, for --help
  std::vector<std::string> choices;
};

bool is_placeholder(const std::string& text) {
  bool has_capital = false;
  for (const char c : text) {
    if (c >= 'a' && c <= 'z') return text.find('.') != std::string::npos && has_capital;
    has_capital = has_capital || (c >= 'A' && c <= 'Z');
  }
  return has_capital;
}

Option option_of(const Value& row, size_t position) {
  const Table* entry = row.table();
  if (entry == nullptr || entry->list.empty() || entry->list[0].get<std::string>() == nullptr)
    fail(Code::argument, "arguments", "entry {} must be {{ name, default, text }}", position);
  Option option;
  option.name = *entry->list[0].get<std::string>();
  if (entry->list.size() > 2)
    if (const auto* text = entry->list[2].get<std::string>()) option.text = *text;
  if (entry->list.size() < 2)
    fail(Code::argument, "arguments", "entry {} ('{}') has no default", position, option.name);
  const Value& value = entry->list[1];
  if (const auto* text = value.get<std::string>()) {
    option.kind = *text == "N"            ? Option::Kind::integer
                  : *text == "X"          ? Option::Kind::number
                  : is_placeholder(*text) ? Option::Kind::placeholder
                                          : Option::Kind::text;
    option.shown = *text;
    if (option.kind == Option::Kind::text) option.fallback = *text;
  } else if (const auto* flag = value.get<bool>()) {
    option.kind = Option::Kind::flag;
    option.fallback = *flag;
  } else if (const auto* whole = value.get<int64_t>()) {
    option.kind = Option::Kind::integer;
    option.fallback = *whole;
    option.shown = fmt::format("{}", *whole);
  } else if (const auto* number = value.get<double>()) {
    option.kind = Option::Kind::number;
    option.fallback = *number;
    option.shown = fmt::format("{}", *number);
  } else if (const Table* choices = value.table(); choices != nullptr && !choices->list.empty()) {
    option.kind = Option::Kind::choice;
    for (const Value& choice : choices->list)
      if (const auto* text = choice.get<std::string>()) option.choices.push_back(*text);
    if (option.choices.empty())
      fail(Code::argument, "arguments", "the choices of '{}' must be strings", option.name);
    option.fallback = option.choices.front();
    for (const std::string& choice : option.choices)
      option.shown += (option.shown.empty() ? "" : "|") + choice;
  } else {
    fail(Code::argument, "arguments",
         "the default of '{}' is a {}; use text, a number, a boolean or a list", option.name,
         value.type());
  }
  return option;
}

// A mistake of whoever started the script: the program exits 2.
struct Usage {
  std::string text;
};

Value parsed(const Option& option, const std::string& text) {
  switch (option.kind) {
    case Option::Kind::text:
    case Option::Kind::placeholder:
      return text;
    case Option::Kind::flag:
      if (text == "true" || text == "yes") return true;
      if (text == "false" || text == "no") return false;
      throw Usage{
          fmt::format("option '--{}' is a flag; it takes no value '{}'", option.name, text)};
    case Option::Kind::choice:
      for (const std::string& choice : option.choices)
        if (choice == text) return text;
      throw Usage{fmt::format("option '--{}' must be {}, got '{}'{}", option.name, option.shown,
                              text, suggestion(text, option.choices))};
    case Option::Kind::integer: {
      char* end = nullptr;
      const long long value = std::strtoll(text.c_str(), &end, 10);
      if (text.empty() || *end != 0)
        throw Usage{
            fmt::format("option '--{}' must be a whole number, got '{}'", option.name, text)};
      return static_cast<int64_t>(value);
    }
    case Option::Kind::number: {
      char* end = nullptr;
      const double value = std::strtod(text.c_str(), &end);
      if (text.empty() || *end != 0)
        throw Usage{fmt::format("option '--{}' must be a number, got '{}'", option.name, text)};
      return value;
    }
  }
  __builtin_unreachable();
}

std::string help_of(const std::string& script, const std::vector<Option>& options) {
  std::string text = fmt::format("Usage: lunops {} [options]\n", script);
  for (const Option& option : options) {
    std::string head = "  --" + option.name;
    if (option.kind == Option::Kind::placeholder || option.kind == Option::Kind::choice)
      head += " " + option.shown;
    else if (option.kind == Option::Kind::integer)
      head += " N";
    else if (option.kind == Option::Kind::number)
      head += " X";
    else if (option.kind == Option::Kind::text)
      head += " TEXT";
    std::string tail = option.text;
    const bool shows_default = !option.fallback.is_nil() && option.kind != Option::Kind::flag &&
                               option.kind != Option::Kind::choice;
    if (shows_default)
      tail += fmt::format("{}(default {})", tail.empty() ? "" : " ", option.shown);
    else if (option.kind == Option::Kind::choice)
      tail += fmt::format("{}(default {})", tail.empty() ? "" : " ", option.choices.front());
    text += fmt::format("{:<26}  {}\n", head, tail);
  }
  return text + fmt::format("{:<26}  {}\n", "  --help", "show this text");
}

struct Answer {
  Table values;
  bool asks_help = false;
};

Answer read_arguments(const std::vector<std::string>& words, const std::vector<Option>& options) {
  Answer answer;
  for (const Option& option : options)
    if (!option.fallback.is_nil()) {
      if (const auto* s = option.fallback.get<std::string>()) answer.values[option.name] = *s;
      if (const auto* b = option.fallback.get<bool>()) answer.values[option.name] = *b;
      if (const auto* i = option.fallback.get<int64_t>()) answer.values[option.name] = *i;
      if (const auto* d = option.fallback.get<double>()) answer.values[option.name] = *d;
    }
  std::vector<std::string> known = {"help"};
  for (const Option& option : options) known.push_back(option.name);
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--help" || word == "-h") {
      answer.asks_help = true;
      continue;
    }
    if (word.substr(0, 2) != "--")
      throw Usage{fmt::format("unexpected argument '{}'; options are written --name value", word)};
    const size_t equals = word.find('=');
    const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    const Option* option = nullptr;
    for (const Option& candidate : options)
      if (candidate.name == name) option = &candidate;
    if (option == nullptr)
      throw Usage{fmt::format("unknown option '--{}'{}", name, suggestion(name, known))};
    if (equals != std::string::npos) {
      answer.values[name] = parsed(*option, word.substr(equals + 1));
    } else if (option->kind == Option::Kind::flag) {
      answer.values[name] = true;
    } else {
      if (i + 1 >= words.size()) throw Usage{fmt::format("option '--{}' needs a value", name)};
      answer.values[name] = parsed(*option, words[++i]);
    }
  }
  return answer;
}

// `arg` has integer keys below 1 besides its list: arg[0] is the script, shown as `script`.
struct ArgumentList : ValueArg {
  static constexpr Kind kind = Kind::table;
  static Raw decode(lua_State* L, const Place& place) {
    if (!lua_istable(L, place.position)) raise_kind(L, place, "table");
    lua_createtable(L, 4, 1);
    const auto count = static_cast<lua_Integer>(lua_rawlen(L, place.position));
    for (lua_Integer i = 1; i <= count; ++i) {
      lua_rawgeti(L, place.position, i);
      lua_rawseti(L, -2, i);
    }
    if (lua_rawgeti(L, place.position, 0) == LUA_TSTRING) {
      lua_setfield(L, -2, "script");
    } else {
      lua_pop(L, 1);
    }
    lua_replace(L, place.position);
    return ValueArg::decode(L, place);
  }
};

constexpr auto arguments = function(
    {.name = "arguments",
     .summary =
         "Reads the options of a script; --help explains them, and a mistake ends it with exit 2.",
     .returns = "a table by option name",
     .raises = {Code::argument},
     .example = R"(local given = lo.arguments({ "--size", "128" }, {
  { "data", "FILE", "measured data" },
  { "size", 256, "matrix" },
  { "weight", { "none", "density" } },
})
print(given.size, given.data, given.weight)  --> 128	nil	none)"},
    [](Context&, const Value& words, const Value& table) -> Value {
      std::vector<Option> options;
      for (size_t i = 0; i < table.table()->list.size(); ++i)
        options.push_back(option_of(table.table()->list[i], i + 1));
      std::vector<std::string> given;
      for (const Value& word : words.table()->list)
        if (const auto* text = word.get<std::string>()) given.push_back(*text);
      const Value* name = words.table()->find("script");
      const std::string script =
          name != nullptr && name->get<std::string>() ? *name->get<std::string>() : "script.lua";
      try {
        Answer answer = read_arguments(given, options);
        if (!answer.asks_help) return std::move(answer.values);
        std::fputs(help_of(script, options).c_str(), stdout);
        std::fflush(stdout);
        std::exit(0);
      } catch (const Usage& usage) {
        std::fflush(stdout);
        std::fprintf(stderr, "%s: %s; --help lists the options\n", script.c_str(),
                     usage.text.c_str());
        std::exit(2);
      }
    },
    param<ArgumentList>("arg", "the script's `arg`"),
    param<TableArg>(
        "options",
        "entries { name, default, text }; a default in capitals is shown and means that the "
        "option is nil when absent (N: a whole number, X: a number), a list means choices"));

constexpr Record kRecords[] = {exported<arguments>()};

}  // namespace

std::span<const Record> argument_records() { return kRecords; }

}  // namespace lunops::lua
