// SPDX-License-Identifier: MIT
#include "runtime/device/virtual_devices.hpp"
#include "tests/laws/laws.hpp"

namespace lunops::laws {
namespace {

// A second device, declared when a case first asks for it.
Device other() {
  const Device device{DeviceKind::cpu, 1};
  if (!is_declared(device)) declare_virtual_devices({.cpu = 2});
  return device;
}

// A function of the host that applies the operator, also to data of a tile on another device.
HostFunction apply(const Linop& of) {
  return [of](const Tensor& x, Context& context) {
    return of(x.to(Device::host(), context), context).to(x.device(), context);
  };
}

// A Dense whose kernels are host functions: the runtime sees shapes only.
Linop hosted(const Linop& a, std::string_view text, CustomOptions options = {}) {
  for (const Dim& d : a.dims()) options.extent.emplace_back(d.text(), a.extent(d.text()));
  options.field = a.field();
  return Custom(text, {apply(a), apply(a.H())}, options);
}

const bool custom =
    add("Custom",
        {
            {"a matrix",
             [](Draw& d) { return hosted(Dense(d.tensor("m=5 n=3"), "m n, n -> m"), "n -> m"); },
             {}},
            {"with batch dims",
             [](Draw& d) {
               return hosted(Dense(d.tensor("m=2 n=3"), "m n, n -> m"), "... n -> ... m");
             },
             "t=2 n=3"},
            {"one element",
             [](Draw& d) { return hosted(Dense(d.tensor("m=1 n=1"), "n -> m"), "n -> m"); },
             {}},
            {"out of nothing",
             [](Draw& d) { return hosted(Dense(d.tensor("m=2 n=0"), "n -> m"), "n -> m"); },
             {}},
            {"cut along its output",
             [](Draw& d) {
               const Tensor w = d.tensor("m=5 n=3");
               CustomOptions options;
               options.cuts = {"m"};
               options.split = [w](const std::vector<CustomCut>& cuts) {
                 const CustomCut& m = cuts.front();
                 const Linop part = Dense(w.slice(0, m.first, m.count), "m n, n -> m");
                 return CustomPart{{apply(part), apply(part.H())}};
               };
               return hosted(Dense(w, "m n, n -> m"), "n -> m", options);
             },
             {}},
        });

TraceOptions silent() {
  TraceOptions options;
  options.look = [](const Tensor&, std::string_view, Context&) {};
  return options;
}

const bool trace = add("Trace",
                       {
                           {"two dims", [](Draw&) { return Trace("y x", silent()); }, "y=3 x=4"},
                           {"any dims", [](Draw&) { return Trace("...", silent()); }, "x=1"},
                           {"no element", [](Draw&) { return Trace("x", silent()); }, "x=0"},
                       });

const bool breakpoint =
    add("Breakpoint",
        {
            {"nobody there", [](Draw&) { return Breakpoint("y x"); }, "y=2 x=3"},
            {"one element", [](Draw&) { return Breakpoint("x"); }, "x=1"},
            {"no element", [](Draw&) { return Breakpoint("x=0"); }, {}},
        });

const bool sleep = add("Sleep",
                       {
                           {"no time", [](Draw&) { return Sleep(0, "y x"); }, "y=2 x=3"},
                           {"one element", [](Draw&) { return Sleep(0, "x"); }, "x=1"},
                           {"no element", [](Draw&) { return Sleep(0, "x"); }, "x=0"},
                       });

const bool to_device =
    add("ToDevice",
        {
            {"to where they are", [](Draw&) { return ToDevice(Device::host(), Device::host()); },
             "y=3 x=4"},
            {"one element", [](Draw&) { return ToDevice(Device::host(), Device::host()); }, "x=1"},
            {"no element, there and back",
             [](Draw&) {
               return ToDevice(other(), Device::host()) * ToDevice(Device::host(), other());
             },
             "x=0"},
            {"there and back",
             [](Draw& d) {
               const Linop w = Dense(d.tensor("m=5 n=3"), "m n, n -> m");
               return ToDevice(other(), Device::host()) * w.to(other(), d.context()) *
                      ToDevice(Device::host(), other());
             },
             {}},
        });

}  // namespace
}  // namespace lunops::laws
