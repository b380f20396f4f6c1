// SPDX-License-Identifier: MIT
#include "interpreter/binding/value.hpp"

#include <algorithm>

#include "interpreter/binding/failure.hpp"

namespace lunops::lua {

namespace {

template <class T>
void destroy(void* slot) noexcept {
  static_cast<T*>(slot)->~T();
}

constexpr int kDeepest = 32;

struct Decoder {
  lua_State* L;
  State& state;
  const char* operation;
  int scratch;  // stack index of the box that owns the tree
};

// Keeps the function at `index` alive in the scratch box's user value; returns its number there.
int anchor(const Decoder& d, int index) {
  lua_State* L = d.L;
  if (lua_getiuservalue(L, d.scratch, 1) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, d.scratch, 1);
  }
  const int number = static_cast<int>(lua_rawlen(L, -1)) + 1;
  lua_pushvalue(L, index);
  lua_rawseti(L, -2, number);
  lua_pop(L, 1);
  return number;
}

// The scalar, text or handle at `index`; tables and functions are filled in by `decode_into`.
void assign(Value& to, lua_State* L, int index) {
  switch (lua_type(L, index)) {
    case LUA_TNIL:
      return;
    case LUA_TBOOLEAN:
      to.data = lua_toboolean(L, index) != 0;
      return;
    case LUA_TNUMBER:
      if (lua_isinteger(L, index)) {
        to.data = static_cast<int64_t>(lua_tointegerx(L, index, nullptr));
      } else {
        to.data = static_cast<double>(lua_tonumberx(L, index, nullptr));
      }
      return;
    case LUA_TSTRING: {
      size_t length = 0;
      const char* text = lua_tolstring(L, index, &length);
      to.data = std::string(text, length);
      return;
    }
    case LUA_TTABLE:
      to.data = std::make_unique<Table>();
      return;
    case LUA_TUSERDATA:
      if (auto* x = box_at<Tensor>(L, index)) {
        to.data = x->value();
      } else if (auto* a = box_at<Linop>(L, index)) {
        to.data = a->value();
      } else if (auto* z = box_at<c128>(L, index)) {
        to.data = z->value();
      } else if (auto* s = box_at<Shape>(L, index)) {
        to.data = s->value();
      } else if (auto* g = box_at<Signature>(L, index)) {
        to.data = g->value();
      } else {
        to.data = Opaque{"userdata"};
      }
      return;
    default:
      to.data = Opaque{lua_typename(L, lua_type(L, index))};
  }
}

// Each step that allocates in C++ runs guarded, while the tree is owned by the scratch box, so an
// error of Lua may leave this function anywhere.
void decode_into(const Decoder& d, Value& to, int index, int depth) {
  lua_State* L = d.L;
  Failure why;
  luaL_checkstack(L, 6, "table nested too deeply");
  index = lua_absindex(L, index);
  if (BoxHeader* box = any_box(L, index); box != nullptr && !box->full)
    raise_text(L, Code::closed, d.operation, "a %s in the table is %s", box->type->noun, box->note);
  if (!run(d.state, why, [&] { assign(to, L, index); })) raise(L, why);
  if (lua_isfunction(L, index)) {
    to.data = FunctionSlot{d.scratch, anchor(d, index)};
    return;
  }
  Table* table = nullptr;
  if (auto* owned = std::get_if<std::unique_ptr<Table>>(&to.data)) table = owned->get();
  if (table == nullptr) return;
  if (depth == kDeepest)
    raise_text(L, Code::argument, d.operation, "a table is nested deeper than %d levels", kDeepest);

  const auto count = static_cast<int64_t>(lua_rawlen(L, index));
  if (!run(d.state, why, [&] { table->list.resize(static_cast<size_t>(count)); })) raise(L, why);
  for (int64_t i = 0; i < count; ++i) {
    lua_rawgeti(L, index, i + 1);
    decode_into(d, table->list[static_cast<size_t>(i)], -1, depth + 1);
    lua_pop(L, 1);
  }
  lua_pushnil(L);
  for (; lua_next(L, index); lua_pop(L, 1)) {
    if (lua_isinteger(L, -2)) {
      const auto at = lua_tointegerx(L, -2, nullptr);
      if (at >= 1 && at <= count) continue;
    }
    if (lua_type(L, -2) != LUA_TSTRING)
      raise_text(L, Code::argument, d.operation,
                 "a table has a %s as key; keys are names, or 1, 2, … without holes",
                 luaL_typename(L, -2));
    Value* slot = nullptr;
    if (!run(d.state, why, [&] {
          size_t length = 0;
          const char* text = lua_tolstring(L, -2, &length);
          table->fields.emplace_back(std::string(text, length), Value());
          slot = &table->fields.back().second;
        }))
      raise(L, why);
    decode_into(d, *slot, -1, depth + 1);
  }
  std::sort(table->fields.begin(), table->fields.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
}

int text_of_result(lua_State* L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  return 1;
}

}  // namespace

const char kResultText = 0;

const BoxType Boxed<Value>::type = {"lunops.Scratch", "value", destroy<Value>};
const BoxType Boxed<Results>::type = {"lunops.Results", "results", destroy<Results>};
const BoxType Boxed<std::string>::type = {"lunops.Text", "text", destroy<std::string>};

void FunctionSlot::push(lua_State* L) const noexcept {
  lua_getiuservalue(L, scratch, 1);
  lua_rawgeti(L, -1, number);
  lua_remove(L, -2);
}

Value::Value(Table t) : data(std::make_unique<Table>(std::move(t))) {}

const Table* Value::table() const noexcept {
  const auto* owned = get<std::unique_ptr<Table>>();
  return owned != nullptr ? owned->get() : nullptr;
}

std::string_view Value::type() const noexcept {
  struct Name {
    std::string_view operator()(std::monostate) const { return "nil"; }
    std::string_view operator()(bool) const { return "boolean"; }
    std::string_view operator()(int64_t) const { return "number"; }
    std::string_view operator()(double) const { return "number"; }
    std::string_view operator()(c128) const { return "complex"; }
    std::string_view operator()(const std::string&) const { return "string"; }
    std::string_view operator()(const Tensor&) const { return "tensor"; }
    std::string_view operator()(const Linop&) const { return "operator"; }
    std::string_view operator()(const Shape&) const { return "shape"; }
    std::string_view operator()(const Signature&) const { return "signature"; }
    std::string_view operator()(const std::unique_ptr<Table>&) const { return "table"; }
    std::string_view operator()(FunctionSlot) const { return "function"; }
    std::string_view operator()(const Opaque& o) const { return o.type; }
  };
  return std::visit(Name{}, data);
}

Value& Table::operator[](std::string_view name) {
  for (auto& [key, value] : fields)
    if (key == name) return value;
  return fields.emplace_back(std::string(name), Value()).second;
}

const Value* Table::find(std::string_view name) const noexcept {
  for (const auto& [key, value] : fields)
    if (key == name) return &value;
  return nullptr;
}

const Value* decode_value(lua_State* L, State& state, int index, const char* operation) {
  index = lua_absindex(L, index);
  luaL_checkstack(L, 8, nullptr);
  Box<Value>* scratch = push_box<Value>(L, state, false);
  scratch->emplace(Value());
  decode_into({L, state, operation, lua_gettop(L)}, scratch->value(), index, 0);
  return &scratch->value();
}

void push_value(lua_State* L, State& state, const Value& value) {
  luaL_checkstack(L, 8, "result nested too deeply");
  struct Push {
    lua_State* L;
    State& state;
    void operator()(std::monostate) const { lua_pushnil(L); }
    void operator()(bool b) const { lua_pushboolean(L, b); }
    void operator()(int64_t i) const { lua_pushinteger(L, i); }
    void operator()(double d) const { lua_pushnumber(L, d); }
    void operator()(c128 z) const { push_complex(L, state, z); }
    void operator()(const std::string& s) const { lua_pushlstring(L, s.data(), s.size()); }
    void operator()(const Tensor& x) const { push_tensor(L, state, x); }
    void operator()(const Linop& a) const { push_linop(L, state, a); }
    void operator()(const Shape& s) const { push_shape(L, state, s); }
    void operator()(const Signature& s) const { push_signature(L, state, s); }
    void operator()(FunctionSlot f) const { f.push(L); }
    void operator()(const Opaque&) const { lua_pushnil(L); }
    void operator()(const std::unique_ptr<Table>& t) const {
      lua_createtable(L, static_cast<int>(t->list.size()), static_cast<int>(t->fields.size()));
      for (size_t i = 0; i < t->list.size(); ++i) {
        push_value(L, state, t->list[i]);
        lua_rawseti(L, -2, static_cast<lua_Integer>(i + 1));
      }
      for (const auto& [name, item] : t->fields) {
        lua_pushlstring(L, name.data(), name.size());
        push_value(L, state, item);
        lua_rawset(L, -3);
      }
      if (t->text.empty() && t->methods == nullptr) return;
      lua_createtable(L, 0, 3);
      if (t->methods != nullptr) {
        lua_createtable(L, 0, 1);
        luaL_setfuncs(L, t->methods, 0);
        lua_setfield(L, -2, "__index");
      }
      if (t->text.empty()) {
        lua_setmetatable(L, -2);
        return;
      }
      lua_pushlstring(L, t->text.data(), t->text.size());
      lua_pushvalue(L, -1);
      lua_rawsetp(L, -3, &kResultText);
      lua_pushcclosure(L, text_of_result, 1);
      lua_setfield(L, -2, "__tostring");
      lua_setmetatable(L, -2);
    }
  };
  std::visit(Push{L, state}, value.data);
}

}  // namespace lunops::lua
