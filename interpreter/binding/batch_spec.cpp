// SPDX-License-Identifier: MIT
#include "interpreter/binding/batch_spec.hpp"

#include "interpreter/binding/lua_function.hpp"
#include "interpreter/binding/tiles.hpp"
#include "runtime/core/error.hpp"

namespace lunops::lua {

namespace {

constexpr Field kSizes[] = {{"sizes", Kind::any, "as for split", {}, true}};

Device device_of(std::string_view operation, std::string_view option, const Value& value) {
  const auto* name = value.get<std::string>();
  if (name == nullptr) {
    fail(Code::argument, operation, "option '{}' holds names of devices, got a {}", option,
         value.type());
  }
  return Device::parse(*name);
}

// A name, or a list of names.
std::vector<Device> device_list(std::string_view operation, const Value& value) {
  const Table* table = value.table();
  if (table == nullptr) return {device_of(operation, "devices", value)};
  if (table->list.empty()) {
    fail(Code::argument, operation, "option 'devices' is an empty list; name at least one device");
  }
  std::vector<Device> devices;
  for (const Value& each : table->list) devices.push_back(device_of(operation, "devices", each));
  return devices;
}

void read_devices(std::string_view operation, const Value& value, DeviceChoice& choice) {
  const Table* table = value.table();
  if (table == nullptr || table->fields.empty()) {
    choice.list = device_list(operation, value);
    return;
  }
  if (!table->list.empty()) {
    fail(Code::argument, operation,
         "option 'devices' is a list of devices or a table from device to list, not both");
  }
  for (const auto& [parent, devices] : table->fields) {
    choice.by_parent.emplace_back(Device::parse(parent), device_list(operation, devices));
  }
}

DeviceMatrix::Nested nested_devices(std::string_view operation, const Value& value) {
  const Table* table = value.table();
  if (table == nullptr) return {device_of(operation, "device_matrix", value)};
  if (!table->fields.empty()) {
    fail(Code::argument, operation,
         "option 'device_matrix' is made of lists, but has the name '{}'",
         table->fields.front().first);
  }
  DeviceMatrix::Nested made;
  for (const Value& each : table->list) made.list.push_back(nested_devices(operation, each));
  return made;
}

}  // namespace

std::optional<Determinism> determinism_of(std::string_view operation,
                                          const Given& given,
                                          std::optional<Determinism> before) {
  const Value* value = given.option("deterministic");
  const Value* leaves = given.option("leaves");
  std::optional<Determinism> made = std::move(before);
  if (value != nullptr) {
    const bool* flag = value->get<bool>();
    const auto* dim = value->get<std::string>();
    if (flag == nullptr && dim == nullptr) {
      fail(Code::argument, operation,
           "option 'deterministic' is true, false or a dim such as \"coil\", got {}",
           value->type());
    }
    made.reset();
    if (dim != nullptr) made = Determinism{Dim::parse(*dim, operation), {}};
    if (flag != nullptr && *flag) made = Determinism{};
  }
  if (leaves == nullptr) return made;
  if (!made) {
    fail(Code::argument, operation,
         "option 'leaves' orders the sums of deterministic operators; add deterministic = true");
  }
  const auto given_leaves = given.extents("leaves");
  if (given_leaves.size() != 1) {
    fail(Code::argument, operation,
         "option 'leaves' names {} dims; one dim is cut into leaves, as in {{ spoke = 8 }}",
         given_leaves.size());
  }
  const auto& [dim, count] = given_leaves.front();
  made->leaves = {Dim::parse(dim, operation), count};
  return made;
}

namespace {

// One call of `progress`.
struct ProgressCall {
  int64_t done, total;
  const std::string* tile;
  bool goes_on = true;
};

int push_progress(lua_State* L, State&, void* data) {
  const auto& call = *static_cast<ProgressCall*>(data);
  lua_pushvalue(L, 2);
  lua_pushinteger(L, call.done);
  lua_pushinteger(L, call.total);
  lua_pushlstring(L, call.tile->data(), call.tile->size());
  return 3;
}

int read_progress(lua_State* L, State&, void* data) {
  auto& call = *static_cast<ProgressCall*>(data);
  call.goes_on = !lua_isboolean(L, -1) || lua_toboolean(L, -1);
  return 0;
}

void read_options(State& state, std::string_view operation, const Given& given, BatchSpec& spec) {
  if (const Value* value = given.option("devices")) read_devices(operation, *value, spec.devices);
  if (const Value* value = given.option("device_matrix")) {
    spec.devices.matrix.emplace(nested_devices(operation, *value));
  }
  if (const auto base = given.text("base")) spec.base = Device::parse(*base);
  for (auto& extent : given.extents("extent")) spec.extents.push_back(std::move(extent));

  spec.determinism = determinism_of(operation, given, spec.determinism);

  bool has_options = false;
  for (const char* name : {"prefetch", "resident", "progress"}) {
    has_options = has_options || given.has(name);
  }
  if (!has_options) return;
  auto options = spec.options == nullptr ? std::make_shared<TiledOptions>()
                                         : std::make_shared<TiledOptions>(*spec.options);
  if (const auto prefetch = given.integer("prefetch")) {
    if (*prefetch < 0 || *prefetch > 64) {
      fail(Code::argument, operation, "prefetch is {}; give from 0 to 64 tiles", *prefetch);
    }
    options->prefetch = static_cast<int>(*prefetch);
  }
  if (const Value* value = given.option("resident")) {
    const bool* flag = value->get<bool>();
    const auto* text = value->get<std::string>();
    if (flag == nullptr && (text == nullptr || *text != "auto")) {
      fail(Code::argument, operation, "option 'resident' is true, false or \"auto\", got {}",
           text == nullptr ? std::string(value->type()) : fmt::format("\"{}\"", *text));
    }
    spec.is_resident_if_fits = flag == nullptr;
    options->is_resident = flag == nullptr || *flag;
  }
  if (const Value* progress = given.option("progress")) {
    if (const FunctionSlot* slot = progress->get<FunctionSlot>()) {
      options->progress = [f = LuaFunction(state, *slot)](int64_t done, int64_t total,
                                                          const std::string& tile) {
        ProgressCall call{done, total, &tile};
        f.call(push_progress, read_progress, &call, "batch");
        return call.goes_on;
      };
    }
  }
  spec.options = std::move(options);
}

// What the call gives as well as the first spec.
void check_once(std::string_view operation, const Value& spec, const Given& options) {
  const Table* table = spec.table();
  if (table == nullptr) return;
  for (const Field& field : kBatchOptions) {
    if (options.has(field.name) && table->find(field.name) != nullptr) {
      fail(Code::argument, operation,
           "option '{}' is in the first spec and in the call; give it once", field.name);
    }
  }
}

// A spec has its sizes in its array part; a table of sizes has none.
bool is_spec(const Value& value) {
  const Table* table = value.table();
  return table != nullptr && !table->list.empty();
}

}  // namespace

BatchSpec batch_spec(State& state, std::string_view operation, const Value& value) {
  BatchSpec spec;
  if (!is_spec(value)) {
    GivenAxes axes = axes_of(operation, value);
    spec.axes = std::move(axes.axes);
    spec.is_ordered = axes.is_ordered;
    return spec;
  }
  const Given given(operation, value, kSizes, kBatchOptions);
  GivenAxes axes = axes_of(operation, *given.operand(1));
  spec.axes = std::move(axes.axes);
  spec.is_ordered = axes.is_ordered;
  read_options(state, operation, given, spec);
  return spec;
}

std::vector<BatchSpec> batch_levels(State& state,
                                    std::string_view operation,
                                    const Value& value,
                                    const Given& options) {
  std::vector<BatchSpec> levels;
  const Value* first = &value;
  if (is_spec(value) && value.table()->fields.empty()) {
    for (const Value& each : value.table()->list) {
      levels.push_back(batch_spec(state, operation, each));
    }
    first = &value.table()->list.front();
  } else {
    levels.push_back(batch_spec(state, operation, value));
  }
  check_once(operation, *first, options);
  read_options(state, operation, options, levels.front());
  return levels;
}

std::string text_of(const BatchSpec& spec) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  for (const SplitAxis& axis : spec.axes) {
    std::string sizes;
    for (const int64_t size : axis.sizes) {
      sizes += fmt::format("{}{}", sizes.empty() ? "" : " ", size);
    }
    add(fmt::format("{}={}", axis.dim.text(),
                    sizes.empty() ? std::to_string(axis.size) : "{" + sizes + "}"));
  }
  const std::vector<Device> devices = spec.devices.named();
  if (!devices.empty()) add("devices " + names_of(devices));
  if (spec.base) add("base " + spec.base->text());
  return text;
}

}  // namespace lunops::lua
