// SPDX-License-Identifier: MIT
#include "interpreter/binding/devices.hpp"

#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/tensor.hpp"
#include "interpreter/binding/topics.hpp"
#include "runtime/core/byte_size.hpp"
#include "runtime/device/account.hpp"
#include "runtime/device/cuda_status.hpp"
#include "runtime/device/device_module.hpp"
#include "runtime/device/gpu_rates.hpp"
#include "runtime/device/loader.hpp"
#include "runtime/device/native.hpp"
#include "runtime/device/pool.hpp"
#include "runtime/device/virtual_devices.hpp"
#include "runtime/device/work_queue.hpp"
#include "runtime/plan/calibrate.hpp"

namespace lunops::lua {

namespace {

Device virtual_cpu(int index) { return {DeviceKind::cpu, static_cast<int16_t>(index)}; }

// How many GPUs there are, and why none.  The module with the CUDA libraries is opened where there
// are some: the probe answers in less than a millisecond.
struct Gpus {
  int count = 0;
  std::string absence;
};
Gpus gpus() {
  Gpus found{0, cuda_absence()};
  if (!found.absence.empty()) return found;
  try {
    found.count = static_cast<const DeviceModule*>(load_module("cuda"))->devices();
  } catch (const Error& e) {
    found.absence = e.message();
  }
  return found;
}

// The host, then virtual devices, then GPUs.
std::vector<Device> usable_devices(int gpus) {
  std::vector<Device> all{Device::host()};
  for (int i = 0; i < virtual_devices()->cpu; ++i) all.push_back(virtual_cpu(i));
  for (int i = 0; i < gpus; ++i) all.push_back({DeviceKind::cuda, static_cast<int16_t>(i)});
  return all;
}

// Rates of the host's cores, or of a virtual device of another speed.
Value rates_of(const DeviceProfile& profile, double speed) {
  Table rates;
  rates["flops"] = profile.flops * speed;
  rates["contraction"] = profile.contraction * speed;
  rates["fft"] = profile.fft * speed;
  rates["bytes"] = profile.bytes * speed;
  rates["spreading"] = profile.spreading * speed;
  rates["measured"] = profile.is_measured;
  return rates;
}

Value rates_of(const GpuRates& gpu) {
  Table rates;
  rates["flops"] = gpu.flops_single;
  rates["flops_double"] = gpu.flops_double;
  rates["bytes"] = gpu.bytes;
  rates["shared_bytes"] = gpu.shared_bytes;
  rates["launch"] = gpu.launch;
  rates["measured"] = false;
  return rates;
}

Value described(Device device, Context& context) {
  const VirtualDevices& declared = *virtual_devices();
  Table row;
  const Account::Figures a = Account::on(context.account, device)->figures();
  row["budget"] = static_cast<int64_t>(a.budget != 0 ? a.budget : Pool::of(device).memory_limit());
  row["live"] = static_cast<int64_t>(a.live);
  Table peers;
  const double speed = device.is_host() ? 1.0 : declared.speed_of(device.index);
  row["rates"] = is_gpu(device) ? rates_of(gpu_rates(device)) : rates_of(*device_profile(), speed);
  if (device.kind == DeviceKind::cpu && !device.is_host()) {
    row["speed"] = declared.speed_of(device.index);
    for (int i = 0; declared.peer && i < declared.cpu; ++i) {
      if (i != device.index) peers.list.emplace_back(virtual_cpu(i).text());
    }
  }
  row["peers"] = std::move(peers);
  return row;
}

constexpr auto devices_ = function(
    {.name = "devices",
     .summary = "The devices that can be used here: the host, declared virtual ones, GPUs.",
     .returns =
         "a list of names, \"cpu\" first; list[name] is {budget, live, peers, speed, rates}, "
         "peers being the virtual devices it copies to without the host, rates what lo.calibrate "
         "measured, else constants, of a GPU what its clocks and widths allow; list.streams is the "
         "number of streams that exist, each of "
         "which has a thread; list.cuda tells why there are no GPUs (\"built without CUDA\", \"no "
         "driver\" …), nil where there are some",
     .example = R"(lo.virtual_devices{ cpu = 2, memory = "64 MB" }
local all = lo.devices()
print(table.concat(all, " "))  --> cpu cpu:0 cpu:1
print(all["cpu:1"].budget, all["cpu:1"].peers[1])  --> 64000000	cpu:0)",
     .see = {"device", "calibrate", "virtual_devices", "memory"}},
    [](Context& context) -> Value {
      Table list;
      const Gpus found = gpus();
      for (const Device device : usable_devices(found.count)) {
        list.list.emplace_back(device.text());
        list[device.text()] = described(device, context);
      }
      list["streams"] = WorkQueue::count();
      if (!found.absence.empty()) list["cuda"] = found.absence;
      return list;
    });

constexpr auto calibrate_ = with_options(
    function({.name = "calibrate",
              .summary =
                  "Measures what one core of the host sustains, in about half a second. Estimates "
                  "of lo.plan and lo.explain take it from then on, in later processes too.",
              .returns =
                  "{ flops, contraction, fft, bytes, spreading, measured }: per second; spreading "
                  "is the speed of NUFFTs against their cost model",
              .raises = {Code::file},
              .example = R"(local rates = lo.calibrate{ keep = false }
print(rates.measured, rates.fft > 0)  --> true	true)",
              .see = {"devices", "plan", "explain"}},
             [](Context& context, const Given& given) -> Value {
               const DeviceProfile made = measure_device(context);
               if (given.boolean("keep", true)) {
                 save_device_profile(made);
                 set_device_profile(made);
               }
               return rates_of(made, 1.0);
             }),
    option("keep", Kind::boolean, "true", "in the cache folder; false: measured and not used"));

constexpr auto device_ = function(
    {.name = "device",
     .summary = "Tells whether a device can be used.",
     .returns = "its name; or nil, message, code",
     .example = "print(lo.device \"cpu\")  --> cpu",
     .expected_failures = true,
     .see = {"devices"}},
    [](Context& context, std::string_view name) {
      Results results;
      try {
        context.device = Device::parse(name);
        Tensor::empty(Shape(), DType::f32, context);
        results.values.emplace_back(context.device.text());
      } catch (const Error& e) {
        results.values.emplace_back();
        results.values.emplace_back(std::string(e.what()));
        results.values.emplace_back(lunops::name_of(e.code()));
      }
      return results;
    },
    param<TextArg>("name", "for example \"cuda:0\""));

constexpr std::string_view kVirtual = "virtual_devices";
constexpr Field kVirtualOptions[] = {
    option("cpu", Kind::integer, "0", "how many: cpu:0, cpu:1 …"),
    option("cuda", Kind::integer, "0", "how many that share the GPUs in turn; 0: one on each"),
    option("memory", Kind::any, "as the host's", "budget of each: bytes, \"64 MB\", \"6 GiB\""),
    option("peer", Kind::boolean, "true", "false: copies between two of them pass the host"),
    option("clock", Kind::boolean, "false", "times from the cost model, on a simulated clock"),
    option("link",
           Kind::table,
           "",
           "{ bandwidth = \"10 GB\", latency = 1e-5 }: bytes per second "
           "and seconds of every link, for the clock"),
    option("speed", Kind::table, "1 each", "relative compute speed by device, for the clock")};

void read_link(const Table& link, VirtualDevices& wanted) {
  for (const auto& [name, value] : link.fields) {
    const auto number = number_of(value);
    if (name == "bandwidth") {
      wanted.link_bandwidth =
          number ? *number : static_cast<double>(bytes_of(kVirtual, "link.bandwidth", value));
    } else if (name == "latency" && number) {
      wanted.link_latency = *number;
    } else {
      fail(Code::argument, kVirtual, "option 'link' is {{ bandwidth = …, latency = … }}, got {} {}",
           name, value.type());
    }
  }
}

VirtualDevices wanted_devices(const Given& given) {
  VirtualDevices wanted;
  const auto count_of = [&](std::string_view name) {
    const int64_t count = given.integer(name).value_or(0);
    if (count < 0 || count > 1024) {
      fail(Code::argument, kVirtual, "{} = {} is not a number of devices from 0 to 1024", name,
           count);
    }
    return static_cast<int>(count);
  };
  wanted.cpu = count_of("cpu");
  wanted.cuda = count_of("cuda");
  if (const Value* memory = given.option("memory"))
    wanted.memory = bytes_of(kVirtual, "memory", *memory);
  wanted.peer = given.boolean("peer", true);
  wanted.clock = given.boolean("clock", false);
  if (const Value* link = given.option("link")) read_link(*link->table(), wanted);
  if (const Value* speed = given.option("speed")) {
    for (const Value& each : speed->table()->list) {
      const auto number = number_of(each);
      if (!number) fail(Code::argument, kVirtual, "speeds are numbers, got {}", each.type());
      wanted.speed.push_back(*number);
    }
  }
  return wanted;
}

Value declared_table() {
  const auto now = virtual_devices();
  Table table, link, speed;
  table["cpu"] = now->cpu;
  table["cuda"] = now->cuda;
  table["memory"] = static_cast<int64_t>(now->memory);
  table["peer"] = now->peer;
  table["clock"] = now->clock;
  link["bandwidth"] = now->link_bandwidth;
  link["latency"] = now->link_latency;
  table["link"] = std::move(link);
  for (int i = 0; i < now->cpu; ++i) speed.list.emplace_back(now->speed_of(i));
  table["speed"] = std::move(speed);
  return table;
}

// Without an argument it only tells, so nil and {} differ: a hand-written entry.
int virtual_entry(lua_State* L) {
  State& state = state_of(L);
  lua_settop(L, 1);
  const bool declares = !lua_isnil(L, 1);
  const Value* options = decode_value(L, state, 1, "virtual_devices");
  return finish(L, state, [&](Context& context) -> Value {
    if (declares && options->table() == nullptr) {
      fail(Code::argument, kVirtual, "argument 1 must be a table of options, got {}",
           options->type());
    }
    if (declares) {
      const VirtualDevices wanted = wanted_devices(Given(kVirtual, *options, {}, kVirtualOptions));
      declare_virtual_devices(wanted);
      for (const auto& account : context.account->others()) {
        const Device device = account->device();
        if (device.kind == DeviceKind::cpu && is_declared(device))
          account->set_budget(wanted.memory);
      }
    }
    return declared_table();
  });
}
constexpr Manual virtual_ = {
    {.name = "virtual_devices",
     .summary =
         "Declares virtual devices cpu:0, cpu:1 …: parts of the host with memory, budget and "
         "streams of their own; cuda:0, cuda:1 … that share the GPUs there are. Without an "
         "argument it changes nothing.",
     .returns =
         "a table {cpu, cuda, memory, peer, clock, link, speed} of what holds now; memory 0: as "
         "the host's",
     .raises = {Code::argument},
     .example = R"(lo.virtual_devices{ cpu = 4, memory = "64 MB" }
print(lo.ones "x=3":to "cpu:3".device)  --> cpu:3
print(pcall(lo.ones, "x=3", { device = "cpu:7" }))  --> false	device: there is no cpu:7; 4 virtual devices are declared: lo.virtual_devices{ cpu = 8 })",
     .see = {"devices", "timeline"}}};

constexpr Record kRecords[] = {exported<devices_>(), exported<calibrate_>(), exported<device_>(),
                               manual(virtual_, virtual_entry, {}, kVirtualOptions)};

}  // namespace

std::vector<Device> devices_of(std::string_view operation,
                               std::string_view option,
                               const Value& value) {
  std::vector<Device> list;
  const auto add = [&](const Value& name) {
    const auto* text = name.get<std::string>();
    if (text == nullptr) {
      fail(Code::argument, operation, "'{}' must be names of devices, got {}", option, name.type());
    }
    list.push_back(Device::parse(*text));
    require_declared(list.back());
  };
  if (const Table* table = value.table()) {
    for (const Value& each : table->list) add(each);
  } else {
    add(value);
  }
  if (list.empty()) fail(Code::argument, operation, "'{}' names no device", option);
  return list;
}

size_t bytes_of(std::string_view operation, std::string_view option, const Value& value) {
  if (const auto* text = value.get<std::string>()) return parse_byte_size(*text, operation);
  const auto number = number_of(value);
  if (!number || !(*number >= 0) || *number > 9e18) {
    fail(Code::argument, operation, "'{}' must be bytes or text such as \"64 MB\", got {}", option,
         number ? fmt::format("{}", *number) : std::string(value.type()));
  }
  return static_cast<size_t>(*number);
}

std::span<const Record> device_records() { return kRecords; }

}  // namespace lunops::lua
