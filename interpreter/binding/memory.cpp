// SPDX-License-Identifier: MIT
#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/tensor.hpp"
#include "interpreter/binding/topics.hpp"
#include "runtime/device/account.hpp"
#include "runtime/device/pool.hpp"
#include "runtime/device/virtual_devices.hpp"

namespace lunops::lua {

namespace {

// What the tensors of one device use, as a field of that name and as lines of text.
void add_device(Table& table, const Account& account) {
  const Account::Figures a = account.figures();
  const Pool::Figures p = Pool::of(account.device()).figures();
  Table device;
  device["live"] = static_cast<int64_t>(a.live);
  device["cached"] = static_cast<int64_t>(p.cached);
  device["peak"] = static_cast<int64_t>(a.peak);
  device["limit"] = static_cast<int64_t>(a.limit);
  device["budget"] = static_cast<int64_t>(a.budget);
  device["allocations"] = static_cast<int64_t>(p.allocations);
  device["system"] = static_cast<int64_t>(p.system);
  Table largest;
  for (const std::string& line : account.largest(8)) largest.list.emplace_back(line);
  device["largest"] = std::move(largest);
  table.text += fmt::format(
      "\n{:<5} live {}, cached {}, peak {}, limit {}, budget {}\n      {} allocations, {} from the "
      "system, {} collections",
      account.device().text(), size_text(static_cast<double>(a.live)),
      size_text(static_cast<double>(p.cached)), size_text(static_cast<double>(a.peak)),
      size_text(static_cast<double>(a.limit)), size_text(static_cast<double>(a.budget)),
      p.allocations, p.system, a.collections);
  table[account.device().text()] = std::move(device);
}

// lo.memory reads the collector's figures, which needs the state: a hand-written entry.
int memory_entry(lua_State* L) {
  State& state = state_of(L);
  lua_settop(L, 1);
  const Value* options = decode_value(L, state, 1, "memory");
  const double lua_bytes = lua_gc(L, LUA_GCCOUNT) * 1024.0 + lua_gc(L, LUA_GCCOUNTB);
  static constexpr Field fields[] = {
      option("reset_peak", Kind::boolean, "false", "starts the peak anew after this call")};
  return finish(L, state, [&](Context& context) -> Value {
    const Given given("memory", *options, {}, fields);
    Table table;
    table["lua"] = static_cast<int64_t>(lua_bytes);
    table["collections"] = static_cast<int64_t>(context.account->figures().collections);
    table.text = fmt::format("lua   {}", size_text(lua_bytes));
    // Also devices that nothing was put on yet.
    for (int i = 0; i < virtual_devices()->cpu; ++i) {
      Account::on(context.account, {DeviceKind::cpu, static_cast<int16_t>(i)});
    }
    std::vector<std::shared_ptr<Account>> accounts = context.account->others();
    accounts.insert(accounts.begin(), context.account);
    for (const auto& account : accounts) {
      add_device(table, *account);
      if (!given.boolean("reset_peak", false)) continue;
      account->reset_peak();
      Pool::of(account->device()).reset_peak();
    }
    return table;
  });
}
constexpr Field kMemoryOptions[] = {
    option("reset_peak", Kind::boolean, "false", "starts the peak anew after this call")};
constexpr Manual memory_ = {{.name = "memory",
                             .summary = "What Lua and the tensors of this state use.",
                             .returns =
                                 "{lua, collections, cpu = {live, cached, peak, "
                                 "limit, budget, allocations, system, largest}, [\"cpu:1\"] = …}",
                             .example = "print(lo.memory().cpu.live >= 0)  --> true",
                             .see = {"scope"}}};

// Takes a box out of the list of the scope that ends, into the list around it.
void keep(BoxHeader* box, BoxHeader* outer) {
  if (box == nullptr || box->next == nullptr) return;
  unlink(box);
  if (outer != nullptr) link(outer, box);
}

void keep_value(lua_State* L, int index, BoxHeader* outer) {
  if (BoxHeader* box = any_box(L, index)) keep(box, outer);
}

int scope_entry(lua_State* L) {
  State& state = state_of(L);
  const int count = lua_gettop(L);
  if (!lua_isfunction(L, 1))
    raise_text(L, Code::argument, "scope", "argument 1 (f) must be a function, got %s",
               luaL_typename(L, 1));
  // The head of the list lives on the Lua stack, so it outlasts every box in it.
  auto* head = static_cast<BoxHeader*>(lua_newuserdatauv(L, sizeof(BoxHeader), 0));
  *head = BoxHeader{nullptr, &state, head, head, false, {}};
  lua_insert(L, 1);
  BoxHeader* outer = state.scope;
  state.scope = head;
  const int status = lua_pcall(L, count - 1, LUA_MULTRET, 0);
  state.scope = outer;
  state.running = L;
  // Nothing may raise before the list is empty: its head dies with this frame.
  const bool has_room = lua_checkstack(L, 6) != 0;
  if (status == LUA_OK && has_room) {
    const int last = lua_gettop(L);
    for (int i = 2; i <= last; ++i) keep_value(L, i, outer);
    // Fields of one returned plain table count as returned.
    if (last == 2 && lua_istable(L, 2)) {
      lua_pushnil(L);
      for (; lua_next(L, 2); lua_pop(L, 1)) keep_value(L, -1, outer);
    }
  }
  while (head->next != head) close_box(head->next, "made inside lo.scope and not returned");
  if (status != LUA_OK) return lua_error(L);
  if (!has_room) raise_text(L, Code::host_memory, "scope", "no room for %d results", lua_gettop(L));
  return lua_gettop(L) - 1;
}
constexpr Field kScope[] = {{"f", Kind::function, "what runs inside", {}, true},
                            {"...", Kind::any, "its arguments", {}, false}};
constexpr Manual scope_ = {{.name = "scope",
                            .summary = "Calls f, then closes every tensor and operator made during "
                                       "the call except those it returns.",
                            .returns = "what f returns",
                            .example = R"(local x = lo.scope(function()
  local unused = lo.ones "x=1000"
  return lo.ones "x=3"
end)
print(x:sum())  --> 3+0i)",
                            .see = {"memory"}}};

constexpr Record kRecords[] = {manual(memory_, memory_entry, {}, kMemoryOptions),
                               manual(scope_, scope_entry, kScope)};

}  // namespace

std::span<const Record> memory_records() { return kRecords; }

}  // namespace lunops::lua
