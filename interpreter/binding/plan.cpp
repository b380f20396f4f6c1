// SPDX-License-Identifier: MIT
#include "interpreter/binding/batch_spec.hpp"
#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/factories.hpp"
#include "interpreter/binding/topics.hpp"
#include "runtime/core/byte_size.hpp"
#include "runtime/device/pool.hpp"
#include "runtime/plan/planner.hpp"

namespace lunops::lua {

namespace {

// "6 GB", "80%" of what the device has, or bytes.
size_t bytes_of(const Value& value, Device device) {
  if (const auto bytes = integer_of(value); bytes && *bytes > 0) {
    return static_cast<size_t>(*bytes);
  }
  const auto* text = value.get<std::string>();
  if (text == nullptr) {
    fail(Code::argument, "plan", "memory is bytes, \"6 GB\" or \"80%\", got a {}", value.type());
  }
  if (!text->ends_with('%')) return parse_byte_size(*text, "plan");
  const auto percent = std::atof(text->c_str());
  if (!(percent > 0 && percent <= 100)) {
    fail(Code::argument, "plan", "memory = \"{}\" is no share; give from 1% to 100%", *text);
  }
  return static_cast<size_t>(static_cast<double>(Pool::of(device).memory_limit()) * percent / 100);
}

std::vector<Dim> dims_of(const Given& given, std::string_view name) {
  std::vector<Dim> dims;
  const Value* value = given.option(name);
  if (value == nullptr) return dims;
  const Table* table = value->table();
  if (table == nullptr || !table->fields.empty()) {
    fail(Code::argument, "plan", "option '{}' is a list of dims such as {{ \"coil\" }}, got a {}",
         name, value->type());
  }
  for (const Value& each : table->list) {
    const auto* dim = each.get<std::string>();
    if (dim == nullptr) {
      fail(Code::argument, "plan", "option '{}' names dims, got a {}", name, each.type());
    }
    dims.push_back(Dim::parse(*dim, "plan"));
  }
  return dims;
}

std::vector<Device> devices_of(const Given& given) {
  std::vector<Device> devices;
  const Value* value = given.option("devices");
  if (value == nullptr) return devices;
  const auto add = [&](const Value& each) {
    const auto* name = each.get<std::string>();
    if (name == nullptr) {
      fail(Code::argument, "plan", "option 'devices' names devices, got a {}", each.type());
    }
    devices.push_back(Device::parse(*name));
    Pool::of(devices.back());  // throws if there is none
  };
  const Table* table = value->table();
  if (table == nullptr) {
    add(*value);
  } else {
    for (const Value& each : table->list) add(each);
    if (devices.empty()) {
      fail(Code::argument, "plan", "option 'devices' is an empty list; name at least one device");
    }
  }
  return devices;
}

PlanRequest request_of(Context& context, const Linop& a, const Given& given) {
  PlanRequest request;
  request.dtype = a.dtype().value_or(state_of(context).dtype);
  if (const auto name = given.text("dtype")) request.dtype = dtype_named("plan", *name);
  request.extents = given.extents("extent");
  request.input = a.ishape();
  if (const Value* input = given.option("input")) {
    if (const auto* tensor = input->get<Tensor>()) {
      request.input = tensor->shape();
      request.dtype = tensor->dtype();
    } else if (const auto* shape = input->get<Shape>()) {
      request.input = *shape;
    } else if (const auto* text = input->get<std::string>()) {
      request.input = Shape::parse(*text);
    } else {
      fail(Code::argument, "plan", "option 'input' is a tensor or its shape, got a {}",
           input->type());
    }
  }
  if (!request.input.is_known()) {
    fail(Code::shape, "plan", "extents of {} are unknown; give input = \"{}\" with extents",
         a.label(), request.input.text());
  }
  request.devices = devices_of(given);
  if (const auto base = given.text("base")) request.base = Device::parse(*base);
  const Device base = request.base.value_or(a.device().value_or(Device::host()));
  if (const Value* memory = given.option("memory")) {
    if (const Table* table = memory->table(); table != nullptr) {
      for (const auto& [name, value] : table->fields) {
        const Device device = Device::parse(name);
        request.budgets.emplace_back(device, bytes_of(value, device));
      }
    } else if (request.devices.empty()) {
      request.memory = bytes_of(*memory, base);
    } else {
      // The base of tiles on other devices is bounded by what it has.
      for (const Device device : request.devices) {
        request.budgets.emplace_back(device, bytes_of(*memory, device));
      }
    }
  }
  request.only = dims_of(given, "cut");
  request.never = dims_of(given, "keep");
  const std::string objective = given.text("objective").value_or("time");
  if (objective != "time" && objective != "memory") {
    fail(Code::argument, "plan", "option 'objective' is \"time\" or \"memory\", got \"{}\"",
         objective);
  }
  request.determinism = determinism_of("plan", given);
  request.least_memory = objective == "memory";
  request.options.applications = static_cast<int>(given.integer("applications").value_or(20));
  return request;
}

Value table_of(const PlanFigures& figures) {
  Table table, peak, bytes, tiles, building;
  for (const PlanFigures::OnDevice& on : figures.devices) {
    peak[on.device.text()] = static_cast<int64_t>(on.peak);
    bytes[on.device.text()] = on.moved;
    tiles[on.device.text()] = on.tiles;
    if (on.building > 0) building[on.device.text()] = static_cast<int64_t>(on.building);
  }
  table["seconds"] = figures.seconds;
  table["flops"] = figures.flops;
  table["peak"] = std::move(peak);
  table["bytes"] = std::move(bytes);
  table["tiles"] = figures.tiles;
  if (!building.fields.empty()) table["building"] = std::move(building);
  table["device_tiles"] = std::move(tiles);
  table["applications"] = figures.applications;
  return table;
}

constexpr auto plan_ = with_options(
    function(
        {.name = "plan",
         .summary = "The same operator, cut into tiles and placed on devices so that it fits their "
                    "memory and takes the least time.",
         .returns = "an operator with op, estimate and measured",
         .raises = {Code::shape, Code::argument, Code::host_memory, Code::device_memory},
         .example = R"(local A = lo.Dense{ lo.ones "m=64 n=1024" }
local P = lo.plan(A.N, { memory = "8 MB" })
local x = lo.ones "n=1024"
print(P(x):sum() == A.N(x):sum(), P.estimate.tiles, P.measured.peak.cpu < 8e6)  --> true	1	true)",
         .see = {"batch", "explain", "Linop.estimate"}},
        [](Context& context, const Linop& a, const Given& given) {
          return as_plan(plan_operator(a, request_of(context, a, given), context));
        },
        param<LinopArg>("A", "the operator")),
    option("memory",
           Kind::any,
           "the device's budget",
           "bytes, \"6 GB\", \"6 GiB\" or \"80%\" for each device, or a table by device"),
    option("devices", Kind::any, "the base", "a list of devices on which tiles may run"),
    option("base", Kind::text, "where A's weights lie, else \"cpu\"", "device of input and output"),
    option("input", Kind::any, "A's", "an input or its shape, where extents are open"),
    option("extent", Kind::table, "", "extents of batch dims that may be cut"),
    option("dtype", Kind::text, "the operator's, else the default", "of the data"),
    option("cut", Kind::any, "all", "a list of dims: only these may be cut"),
    option("keep", Kind::any, "none", "a list of dims that may not be cut"),
    option("objective", Kind::text, "time", "time or memory: what shall be least"),
    option("deterministic",
           Kind::text_boolean,
           "false",
           "the same bits for any memory, devices and threads; or the dim whose sums are ordered "
           "by a tree"),
    option("leaves", Kind::table, "", "as of batch"),
    option("applications", Kind::integer, "20", "how often the operator will be applied"));

constexpr auto self = param<LinopArg>("A", "the operator");
constexpr auto estimate_ = property(
    {.name = "Linop.estimate",
     .summary = "What an application of a plan is expected to take; nil for other operators.",
     .returns = "{ seconds, flops, peak, building, bytes, tiles, applications }; peak, that while "
                "plans and kernels are made (building), and bytes moved by device",
     .example = R"(local P = lo.plan(lo.Dense{ lo.ones "m=4 n=6" })
print(P.estimate.tiles, P.measured)  --> 1	nil)",
     .see = {"plan", "Linop.measured"}},
    [](Context&, const Linop& a) -> Value {
      const auto report = report_of(a);
      if (report == nullptr) return {};
      return table_of(report->expected());
    },
    self);
constexpr auto measured_ = property(
    {.name = "Linop.measured",
     .summary = "What the first application of a plan took; nil before it and for other operators.",
     .returns = "as estimate",
     .example = R"(local P = lo.plan(lo.Dense{ lo.ones "m=4 n=6" })
P(lo.ones "n=6")
print(P.measured.applications)  --> 1)",
     .see = {"plan", "Linop.estimate"}},
    [](Context&, const Linop& a) -> Value {
      const auto report = report_of(a);
      const auto measured = report == nullptr ? std::nullopt : report->measured();
      if (!measured) return {};
      return table_of(*measured);
    },
    self);
constexpr auto op_ = property(
    {.name = "Linop.op",
     .summary = "The tiled operator within a plan.",
     .returns = "an operator",
     .raises = {Code::argument},
     .example = R"(print(lo.plan(2 * lo.Identity "x=3").op.kind)  --> Chain)",
     .see = {"plan", "Linop.tiles"}},
    [](Context&, const Linop& a) { return planned_operator(a); },
    self);

constexpr Record kRecords[] = {exported<plan_>()};
constexpr Record kPlanRecords[] = {exported<estimate_>(), exported<measured_>(), exported<op_>()};

}  // namespace

std::span<const Record> plan_records() { return kRecords; }
std::span<const Record> linop_plan_records() { return kPlanRecords; }

}  // namespace lunops::lua
