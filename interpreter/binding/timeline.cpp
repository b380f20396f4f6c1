// SPDX-License-Identifier: MIT
#include "interpreter/binding/timeline.hpp"

#include <array>

#include "interpreter/binding/topics.hpp"
#include "runtime/device/work_queue.hpp"

namespace lunops::lua {

namespace {

using Kind_ = TimelineNode::Kind;
constexpr std::array kKinds = {Kind_::record, Kind_::wait, Kind_::copy, Kind_::compute,
                               Kind_::host};

struct TimelineArg : BoxArg<TimelineHandle> {
  static constexpr Kind kind = Kind::any;
};

std::string text_field(std::string_view operation, std::string_view name, const Value& value) {
  if (const auto* text = value.get<std::string>()) return *text;
  fail(Code::argument, operation, "'{}' must be text, got {}", name, value.type());
}

// {kind = "copy", device = "cpu:1"}; nil and {} mean every node.
TimelineFilter filter_of(std::string_view operation, const Value& value) {
  TimelineFilter filter;
  if (value.is_nil()) return filter;
  const Table* table = value.table();
  if (table == nullptr || !table->list.empty()) {
    fail(Code::argument, operation,
         "nodes are chosen by a table such as {{ kind = \"copy\", device = \"cpu:1\" }}, got {}",
         value.type());
  }
  for (const auto& [name, given] : table->fields) {
    if (name == "event") {
      filter.event = integer_of(given);
      if (!filter.event) {
        fail(Code::argument, operation, "'event' must be a whole number, got {}", given.type());
      }
      continue;
    }
    const std::string text = text_field(operation, name, given);
    if (name == "kind") {
      for (const Kind_ kind : kKinds) {
        if (lunops::name_of(kind) == text) filter.kind = kind;
      }
      if (!filter.kind) {
        fail(Code::argument, operation,
             "'{}' is no kind; there are record, wait, copy, compute and host", text);
      }
    } else if (name == "device") {
      filter.device = Device::parse(text);
    } else if (name == "source") {
      filter.source = Device::parse(text);
    } else if (name == "stream") {
      filter.stream = text;
    } else if (name == "operator" || name == "label") {
      filter.label = text;
    } else if (name == "tile") {
      filter.tile = text;
    } else {
      const std::string known[] = {"kind",     "device", "source", "stream",
                                   "operator", "label",  "tile",   "event"};
      fail(Code::argument, operation, "nodes have no '{}'{}", name, suggestion(name, known));
    }
  }
  return filter;
}

Value range_table(const TimelineNode::Access& access) {
  Table table;
  table["device"] = access.memory.text();
  table["first"] = static_cast<int64_t>(access.first);
  table["last"] = static_cast<int64_t>(access.last) - 1;
  table["writes"] = access.writes;
  if (access.repeats > 1) {
    table["repeats"] = access.repeats;
    table["stride"] = static_cast<int64_t>(access.stride);
  }
  return table;
}

Value node_table(const TimelineNode& node) {
  Table table;
  table["kind"] = lunops::name_of(node.kind);
  table["stream"] = node.stream;
  table["device"] = node.device.text();
  if (node.kind == Kind_::copy) table["source"] = node.source.text();
  if (node.event >= 0) table["event"] = node.event;
  if (!node.label.empty()) table["operator"] = node.label;
  if (!node.tile.empty()) table["tile"] = node.tile;
  Table buffers;
  for (const TimelineNode::Access& access : node.accesses)
    buffers.list.push_back(range_table(access));
  table["buffers"] = std::move(buffers);
  table["bytes"] = node.bytes;
  table["start"] = node.start;
  table["stop"] = node.stop;
  return table;
}

constexpr auto count_ = method(
    {.name = "Timeline:count",
     .summary = "How many nodes have all of these values.",
     .returns = "an integer",
     .raises = {Code::argument, Code::device},
     .example = R"(local T = lo.timeline(function() end)
print(T:count{ kind = "copy", device = "cpu" })  --> 0)",
     .see = {"timeline"}},
    [](Context&, const TimelineHandle& t, const Value& filter) -> int64_t {
      return t->count(filter_of("count", filter));
    },
    param<TimelineArg>("T", "the timeline"),
    Param<ValueArg>{{"filter", Kind::table,
                     "some of kind, device, source, stream, operator, tile, event", "all", false}});

constexpr auto overlap_ = method(
    {.name = "Timeline:overlap",
     .summary = "The time in which nodes of both kinds run, as a fraction of the shorter time.",
     .returns = "a number from 0 to 1",
     .raises = {Code::argument, Code::device},
     .example = R"(local T = lo.timeline(function() end)
print(T:overlap({ kind = "copy" }, { kind = "compute" }))  --> 0.0)",
     .see = {"Timeline:count"}},
    [](Context&, const TimelineHandle& t, const Value& a, const Value& b) {
      return t->overlap(filter_of("overlap", a), filter_of("overlap", b));
    },
    param<TimelineArg>("T", "the timeline"),
    Param<ValueArg>{{"a", Kind::table, "nodes, as for count", "all", false}},
    Param<ValueArg>{{"b", Kind::table, "the others", "all", false}});

constexpr auto check_ = method(
    {.name = "Timeline:check",
     .summary = "Whether streams and events alone order every access to memory.",
     .returns = "true; or nil and a list of faults {text, first, second, buffer}, first and second "
                "being positions in T.nodes",
     .example = R"(local T = lo.timeline(function() end)
print(T:check())  --> true)",
     .see = {"timeline"}},
    [](Context&, const TimelineHandle& t) {
      const std::vector<Timeline::Fault> faults = t->check();
      Results results;
      if (faults.empty()) {
        results.values.emplace_back(true);
        return results;
      }
      Table list;
      for (const Timeline::Fault& fault : faults) {
        Table row;
        row.text = fault.text;
        row["text"] = fault.text;
        if (fault.first >= 0) {
          row["first"] = fault.first + 1;
          row["buffer"] = range_table(fault.range);
        }
        row["second"] = fault.second + 1;
        list.text += (list.text.empty() ? "" : "\n") + fault.text;
        list.list.emplace_back(std::move(row));
      }
      results.values.emplace_back();
      results.values.emplace_back(std::move(list));
      return results;
    },
    param<TimelineArg>("T", "the timeline"));

constexpr auto nodes_ = property(
    {.name = "Timeline.nodes",
     .summary = "What was issued, in order.",
     .returns = "a list of {kind, stream, device, source, event, operator, tile, buffers, bytes, "
                "start, stop}; times in seconds",
     .example = "print(#lo.timeline(function() end).nodes)  --> 0",
     .see = {"Timeline:count"}},
    [](Context&, const TimelineHandle& t) -> Value {
      Table list;
      for (const TimelineNode& node : t->nodes()) list.list.push_back(node_table(node));
      return list;
    },
    param<TimelineArg>("T", "the timeline"));

constexpr auto tostring_ = metamethod(
    {.name = "Timeline.__tostring",
     .summary = "Streams as rows over time.",
     .returns = "text",
     .example = "print(lo.timeline(function() end))  --> nothing was issued",
     .notation = "print(T)"},
    [](Context&, const TimelineHandle& t) { return t->text(); },
    param<TimelineArg>("T", "the timeline"));

// Calls back into Lua, so the entry is written by hand.
int timeline_entry(lua_State* L) {
  State& state = state_of(L);
  const int count = lua_gettop(L);
  if (!lua_isfunction(L, 1)) {
    raise_text(L, Code::argument, "timeline", "argument 1 (f) must be a function, got %s",
               luaL_typename(L, 1));
  }
  Box<TimelineHandle>* box = push_box<TimelineHandle>(L, state);
  Failure why;
  auto begin = [&] {
    box->emplace(std::make_shared<Timeline>());
    // Before f runs, so that nothing is waited for while it does; other GPUs when they are opened.
    for (const Device gpu : gpus_in_use()) box->value()->clocks().tie(gpu);
  };
  if (!run(state, why, begin)) raise(L, why);
  lua_insert(L, 1);
  Timeline* const before = state.context.timeline;
  Timeline* const recorded = box->value().get();
  state.context.timeline = recorded;
  const int status = lua_pcall(L, count - 1, LUA_MULTRET, 0);
  state.context.timeline = before;
  state.running = L;
  // Work that is still under way writes its times into this timeline.
  const bool is_done = run(state, why, [&] {
    WorkQueue::wait_all();
    if (status == LUA_OK) recorded->close();
  });
  if (status != LUA_OK) return lua_error(L);
  if (!is_done) raise(L, why);
  return lua_gettop(L);
}
constexpr Field kTimeline[] = {{"f", Kind::function, "what is watched", {}, true},
                               {"...", Kind::any, "its arguments", {}, false}};
constexpr Manual timeline_ = {
    {.name = "timeline",
     .summary = "Calls f and records what is issued to the streams of devices: copies, kernels, "
                "events and waits.",
     .returns = "a Timeline, then what f returns",
     .example = R"(local T, y = lo.timeline(function() return 1 end)
print(T:check(), y)  --> true	1)",
     .waits = true,
     .see = {"Timeline:check", "Timeline:count", "Timeline:overlap", "virtual_devices"}}};

constexpr Record kRecords[] = {manual(timeline_, timeline_entry, kTimeline)};
constexpr Record kMembers[] = {exported<check_>(), exported<count_>(), exported<overlap_>(),
                               exported<nodes_>(), exported<tostring_>()};

}  // namespace

const BoxType Boxed<TimelineHandle>::type = {
    "lunops.Timeline", "timeline",
    [](void* slot) noexcept { static_cast<TimelineHandle*>(slot)->~TimelineHandle(); }};

std::span<const Record> timeline_records() { return kRecords; }
std::span<const Record> timeline_members() { return kMembers; }

}  // namespace lunops::lua
