// SPDX-License-Identifier: MIT
#include <cstdio>
#include <fstream>
#include <sstream>

#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/help.hpp"
#include "interpreter/binding/stdlib.hpp"
#include "interpreter/binding/topics.hpp"

namespace lunops::lua {

namespace {

// What is asked about, decoded; everything it points to stays on the stack or lives in the state.
struct Question {
  enum class Kind { nothing, text, c_function, lua_function, value, module, other };
  Kind kind = Kind::other;
  std::string_view text;  // or a module's name, or what Lua calls the type
  lua_CFunction entry = nullptr;
  const char* source = nullptr;  // chunk name of a Lua function
  int line = 0;
  const BoxHeader* box = nullptr;
};

// The name under which `require` keeps the table at `index`, "lunops.mri", or "".
std::string_view module_name(lua_State* L, int index) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    if (lua_type(L, -2) == LUA_TSTRING && lua_rawequal(L, -1, index) != 0)
      return lua_tostring(L, -2);
    lua_pop(L, 1);
  }
  return {};
}

Question decode_question(lua_State* L) {
  using Kind = Question::Kind;
  Question q;
  // The prompt's `?word` passes what was typed along, for words that are no names.
  if (lua_isnil(L, 1) && lua_type(L, 2) == LUA_TSTRING) lua_copy(L, 2, 1);
  q.text = luaL_typename(L, 1);
  q.box = any_box(L, 1);
  if (lua_isnoneornil(L, 1)) {
    q.kind = Kind::nothing;
  } else if (lua_type(L, 1) == LUA_TSTRING) {
    size_t length = 0;
    const char* text = lua_tolstring(L, 1, &length);
    q.kind = Kind::text;
    q.text = {text, length};
  } else if (lua_iscfunction(L, 1)) {
    q.kind = Kind::c_function;
    q.entry = lua_tocfunction(L, 1);
  } else if (lua_isfunction(L, 1)) {
    lua_Debug frame;
    lua_pushvalue(L, 1);
    lua_getinfo(L, ">S", &frame);
    q.kind = Kind::lua_function;
    q.source = frame.source;
    q.line = frame.linedefined;
  } else if (q.box != nullptr) {
    q.kind = Kind::value;
  } else if (lua_istable(L, 1)) {
    if (const std::string_view name = module_name(L, 1); !name.empty()) {
      q.kind = Kind::module;
      q.text = name;
    }
  }
  return q;
}

// The text of the chunk of a Lua function, or "".
std::string source_of(const State& state, std::string_view source) {
  if (source.starts_with("@")) {
    source.remove_prefix(1);
    for (const EmbeddedFile& file : embedded_files())
      if (source == "lunops/" + std::string(file.path)) return std::string(file.text);
    std::ifstream file{std::string(source)};
    std::ostringstream text;
    if (file) text << file.rdbuf();
    return text.str();
  }
  if (state.recent != nullptr)
    for (const auto& [name, text] : *state.recent)
      if (name == source) return text;
  return "";
}

Page about_lua_function(const State& state, const Question& q) {
  const std::string_view source = q.source;
  for (const Article& a : articles())
    if (!a.file.empty() && a.line == q.line && source == "@lunops/" + a.file) return page_of(a);
  const std::string comment = comment_above(source_of(state, source), q.line);
  const std::string_view place = source.starts_with("@") || source.starts_with("=")
                                     ? source.substr(1)
                                     : std::string_view("a text");
  Page page;
  page.emplace_back(Role::dim, fmt::format("a function of {}:{}\n", place, q.line));
  page.emplace_back(Role::plain, comment.empty() ? "It has no comment above it.\n" : comment);
  return page;
}

Page about_value(const BoxHeader& box) {
  Page page;
  if (box.full && box.type == &Boxed<Linop>::type) {
    const Linop& a = const_cast<Box<Linop>&>(static_cast<const Box<Linop>&>(box)).value();
    page.emplace_back(Role::plain, fmt::format("{} {}\n", a.kind(), a.signature().text()));
    if (find_article(a.kind()) != nullptr)
      page.emplace_back(Role::hint, fmt::format("help \"{}\" tells about its kind\n", a.kind()));
  }
  for (auto& part : page_of_type(std::string_view(box.type->name).substr(sizeof("lunops.") - 1)))
    page.push_back(std::move(part));
  return page;
}

Page answer(const State& state, const Question& q) {
  switch (q.kind) {
    case Question::Kind::nothing:
      return overview();
    case Question::Kind::text:
      return page_about(q.text);
    case Question::Kind::c_function:
      for (const Article& a : articles())
        if (a.entry == q.entry) return page_of(a);
      return {{Role::plain, "A function of Lua's own; see its manual.\n"}};
    case Question::Kind::lua_function:
      return about_lua_function(state, q);
    case Question::Kind::value:
      return about_value(*q.box);
    case Question::Kind::module:
      if (q.text == "lunops") return overview();
      if (q.text.starts_with("lunops."))
        if (Page page = page_of_topic(q.text.substr(sizeof("lunops.") - 1)); !page.empty())
          return page;
      return {{Role::plain, fmt::format("The module {}.\n", q.text)}};
    case Question::Kind::other:
      break;
  }
  return {{Role::plain, fmt::format("A {}; help() lists what there is.\n", q.text)}};
}

int help_entry(lua_State* L) {
  State& state = state_of(L);
  lua_settop(L, 2);
  const Question question = decode_question(L);
  finish(L, state, [&](Context&) {
    const Page page = answer(state, question);
    std::vector<Span> spans;
    for (const auto& [role, text] : page) spans.push_back({role, text});
    if (state.sink != nullptr) {
      state.sink->write(lua::Stream::results, spans);
    } else {
      for (const Span& span : spans) std::fwrite(span.text.data(), 1, span.text.size(), stdout);
    }
  });
  return 0;
}

constexpr Manual help_ = {
    {.name = "help",
     .summary = "Shows what there is to know of a function, operator, type, topic or word.",
     .returns = "nothing",
     .raises = {Code::argument},
     .example = R"(lo.help "Identity"
--> lo.Identity{ text?, extent =, name =, batch = }
--> …)",
     .see = {"operators", "display"}}};
constexpr Field kSubject[] = {{"subject",
                               Kind::any,
                               "a function, a value, or text: a name, a topic, words to find",
                               {},
                               false}};
constexpr Record kRecords[] = {manual(help_, help_entry, kSubject)};

}  // namespace

std::span<const Record> help_records() { return kRecords; }

}  // namespace lunops::lua
