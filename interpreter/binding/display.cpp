// SPDX-License-Identifier: MIT
#include "interpreter/binding/display.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <vector>

#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/tensor.hpp"
#include "interpreter/binding/topics.hpp"

namespace lunops::lua {

namespace {

constexpr int kDeepest = 4;
constexpr int kMostEntries = 80;

// Quoted and escaped, so that control bytes never reach a terminal.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (c == '\n') {
      result += "\\n";
    } else if (byte < ' ' || byte == 0x7f) {
      result += fmt::format("\\{:03}", byte);
    } else {
      result += c;
    }
  }
  return result + '"';
}

std::string number_text(lua_State* L, int index) {
  if (lua_isinteger(L, index)) return fmt::format("{}", lua_tointegerx(L, index, nullptr));
  const double d = lua_tonumberx(L, index, nullptr);
  char text[40];
  std::snprintf(text, sizeof(text), "%.14g", d);
  std::string result = text;
  if (std::isfinite(d) && result.find_first_of(".e") == std::string::npos) result += ".0";
  return result;
}

// Values of a tensor: up to three at each end of the last two dims, other dims at 1; one power of
// ten for the block outside 1e-3 … 1e4.
struct Block {
  std::vector<int64_t> rows, columns;  // shown positions; -1 stands for the gap
};

std::vector<int64_t> ends(int64_t extent) {
  std::vector<int64_t> shown;
  if (extent <= 6) {
    for (int64_t i = 0; i < extent; ++i) shown.push_back(i);
  } else {
    shown = {0, 1, 2, -1, extent - 3, extent - 2, extent - 1};
  }
  return shown;
}

std::string element_text(c128 z, const Tensor& x, double unit) {
  if (x.dtype() == DType::boolean) return z.real() != 0 ? "true" : "false";
  if (x.dtype() == DType::i32 || x.dtype() == DType::i64) return fmt::format("{:.0f}", z.real());
  if (!is_complex(x.dtype())) return fmt::format("{:.4f}", z.real() / unit);
  return fmt::format("{:.3f}{}{:.3f}i", z.real() / unit, std::signbit(z.imag()) ? "-" : "+",
                     std::abs(z.imag()) / unit);
}

std::string values_of(const Tensor& whole) {
  if (whole.count() == 0) return "  no elements\n";
  Tensor x = whole;
  std::string place;
  std::string more;
  for (int i = 0; i + 2 < whole.ndim(); ++i) {
    const std::string name = whole.shape().is_named() ? whole.shape().dim(i).text() : "";
    place += fmt::format("{}{}{}1", i > 0 ? ", " : "", name, name.empty() ? "" : "=");
    if (whole.shape().extent(i) > 1 && more.empty() && !name.empty())
      more = fmt::format("{} more along {}: x{{{}=2}} shows the next\n",
                         whole.shape().extent(i) - 1, name, name);
    x = x.select(0, 0);
  }
  const int64_t columns = x.ndim() >= 1 ? x.shape().extent(x.ndim() - 1) : 1;
  const int64_t rows = x.ndim() == 2 ? x.shape().extent(0) : 1;
  const Block block{ends(rows), ends(columns)};
  std::vector<c128> values;
  double largest = 0;
  for (const int64_t row : block.rows) {
    for (const int64_t column : block.columns) {
      c128 value = 0;
      if (row >= 0 && column >= 0) {
        std::vector<int64_t> index;
        if (x.ndim() == 2) index = {row, column};
        if (x.ndim() == 1) index = {column};
        value = value_at(x, index);
      }
      values.push_back(value);
      for (const double part : {value.real(), value.imag()})
        if (std::isfinite(part)) largest = std::max(largest, std::abs(part));
    }
  }
  double unit = 1;
  std::string head = place;
  if (is_floating(x.dtype()) && largest > 0 && (largest < 1e-3 || largest >= 1e4)) {
    const auto power = static_cast<int>(std::floor(std::log10(largest)));
    unit = std::pow(10.0, power);
    head += fmt::format("{}times 1e{}", head.empty() ? "" : ", ", power);
  }
  std::vector<std::string> texts;
  size_t width = 0;
  for (const c128 value : values) {
    texts.push_back(element_text(value, x, unit));
    width = std::max(width, texts.back().size());
  }
  std::string result = head.empty() ? "" : head + "\n";
  for (size_t r = 0; r < block.rows.size(); ++r) {
    if (block.rows[r] < 0) {
      result += "  …\n";
      continue;
    }
    for (size_t c = 0; c < block.columns.size(); ++c)
      result += block.columns[c] < 0
                    ? "  …"
                    : fmt::format("  {:>{}}", texts[r * block.columns.size() + c], width);
    result += '\n';
  }
  return result + more;
}

struct Printer {
  lua_State* L;
  std::map<const void*, int> open;  // tables on the way down: what occurs again is marked
  int entries = 0;

  std::string value(int index, int depth);
  std::string table(int index, int depth);
};

bool is_identifier(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string Printer::value(int index, int depth) {
  index = lua_absindex(L, index);
  switch (lua_type(L, index)) {
    case LUA_TNIL:
      return "nil";
    case LUA_TBOOLEAN:
      return lua_toboolean(L, index) ? "true" : "false";
    case LUA_TNUMBER:
      return number_text(L, index);
    case LUA_TSTRING: {
      size_t length = 0;
      const char* text = lua_tolstring(L, index, &length);
      return quoted({text, length});
    }
    case LUA_TTABLE:
      return table(index, depth);
    default:
      break;
  }
  if (const auto* box = any_box(L, index)) {
    if (!box->full) return fmt::format("a {} that is {}", box->type->noun, box->note);
    if (auto* x = box_at<Tensor>(L, index)) return headline(x->value());
    if (auto* s = box_at<Shape>(L, index)) return s->value().braced();
    if (auto* g = box_at<Signature>(L, index)) return g->value().text();
    if (auto* z = box_at<c128>(L, index))
      return fmt::format("{:.14g}{}{:.14g}i", z->value().real(),
                         std::signbit(z->value().imag()) ? "-" : "+", std::abs(z->value().imag()));
    return box->type->noun;
  }
  return fmt::format("{}: {}", luaL_typename(L, index), lua_topointer(L, index));
}

std::string Printer::table(int index, int depth) {
  const void* self = lua_topointer(L, index);
  if (open.count(self)) return fmt::format("<table {}>", open[self]);
  if (depth == kDeepest) return "{ … }";
  if (!lua_checkstack(L, 6)) return "{ … }";
  open[self] = static_cast<int>(open.size()) + 1;
  std::vector<std::string> items;
  const auto count = static_cast<int64_t>(lua_rawlen(L, index));
  for (int64_t i = 1; i <= count && entries < kMostEntries; ++i, ++entries) {
    lua_rawgeti(L, index, i);
    items.push_back(value(-1, depth + 1));
    lua_pop(L, 1);
  }
  std::vector<std::pair<std::string, std::string>> fields;
  lua_pushnil(L);
  while (lua_next(L, index)) {
    const bool in_list = lua_isinteger(L, -2) && lua_tointegerx(L, -2, nullptr) >= 1 &&
                         lua_tointegerx(L, -2, nullptr) <= count;
    if (!in_list && entries++ < kMostEntries) {
      std::string key;
      if (lua_type(L, -2) == LUA_TSTRING && is_identifier(lua_tostring(L, -2))) {
        key = lua_tostring(L, -2);
      } else {
        key = "[" + value(-2, kDeepest) + "]";
      }
      fields.emplace_back(key, value(-1, depth + 1));
    }
    lua_pop(L, 1);
  }
  std::sort(fields.begin(), fields.end());
  for (const auto& [key, text] : fields) items.push_back(key + " = " + text);
  if (entries >= kMostEntries) items.emplace_back("…");
  if (items.empty()) return "{}";
  std::string line;
  for (const std::string& item : items) line += (line.empty() ? "" : ", ") + item;
  if (line.size() + 4 <= 72 && line.find('\n') == std::string::npos) return "{ " + line + " }";
  const std::string indent(static_cast<size_t>(2 * depth), ' ');
  std::string result = "{\n";
  for (const std::string& item : items) result += indent + "  " + item + ",\n";
  return result + indent + "}";
}

std::string shown(lua_State* L, int index) {
  if (auto* x = box_at<Tensor>(L, index); x != nullptr && x->full) {
    std::string text = headline(x->value()) + "\n" + values_of(x->value());
    if (text.back() == '\n') text.pop_back();
    return text;
  }
  if (auto* a = box_at<Linop>(L, index); a != nullptr && a->full) return tree_of(a->value());
  // A result of ours that says itself how it reads, such as a solver's info.
  if (lua_istable(L, index) && lua_getmetatable(L, index)) {
    lua_rawgetp(L, -1, &kResultText);
    size_t length = 0;
    const char* text = lua_tolstring(L, -1, &length);
    const std::string result = text != nullptr ? std::string(text, length) : "";
    lua_pop(L, 2);
    if (!result.empty()) return result;
  }
  return Printer{L, {}, 0}.value(index, 0);
}

int display_entry(lua_State* L) {
  State& state = state_of(L);
  const int count = lua_gettop(L);
  for (int i = 1; i <= count; ++i) display(L, state, i);
  return 0;
}
constexpr Manual display_ = {
    {.name = "display",
     .summary = "Shows values as the prompt does, one per line.",
     .returns = "nothing",
     .example = "lo.display({ 1, name = \"x\" })  --> { 1, name = \"x\" }"}};
constexpr Field kValues[] = {{"values", Kind::any, "what to show", {}, false}};
constexpr Record kRecords[] = {manual(display_, display_entry, kValues)};

}  // namespace

void display(lua_State* L, State& state, int index) {
  index = lua_absindex(L, index);
  luaL_checkstack(L, 12, nullptr);
  finish(L, state, [&](Context&) {
    const std::string text = shown(L, index) + "\n";
    if (state.sink != nullptr) {
      const Span span[] = {{Role::plain, text}};
      state.sink->write(Stream::results, span);
    } else {
      std::fwrite(text.data(), 1, text.size(), stdout);
    }
  });
}

std::span<const Record> display_records() { return kRecords; }

}  // namespace lunops::lua
