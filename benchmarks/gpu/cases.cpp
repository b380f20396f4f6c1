// SPDX-License-Identifier: MIT
#include "benchmarks/gpu/cases.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <string>

#include <fmt/format.h>

#include "benchmarks/gpu/problem.hpp"
#include "runtime/core/error.hpp"
#include "runtime/device/native.hpp"
#include "runtime/device/pool.hpp"
#include "runtime/linop/core.hpp"
#include "runtime/plan/plan.hpp"
#include "runtime/plan/planner.hpp"
#include "runtime/solver/solver.hpp"

namespace lunops::bench {

namespace {

// M1 of the project: radial, 256 x 256, 8 coils, 96 spokes of 512 samples.
Problem main_job(const Settings& s) {
  return s.is_quick ? Problem{{16, 16}, 9, 32, 2, 1e-3} : Problem{{256, 256}, 96, 512, 8, 1e-3};
}

Problem cube(const Settings& s, int64_t size, int64_t spokes, int64_t coils) {
  return s.is_quick ? Problem{{8, 8, 8}, 12, 16, std::min<int64_t>(coils, 2), 1e-3}
                    : Problem{{size, size, size}, spokes, size, coils, 1e-3};
}

// What one application needs at least fits into what the device has left.
bool fits(const Problem& p, double bytes, const Settings& settings) {
  if (bytes <= static_cast<double>(Pool::of(settings.device).memory_limit())) return true;
  fmt::print("skipped: {} needs {:.1f} GB\n", p.description(), bytes / 1e9);
  return false;
}

Tensor random(const std::string& shape, uint64_t seed, Context& there) {
  return randn(Shape::parse(shape), DType::c64, seed, there);
}

// An operator, planned for its input, with memory for its result.
struct Ready {
  Ready(const Linop& op, const Tensor& input, Context& context)
      : a(op), x(input), planning(prepare(op, input, context)) {
    const auto [shape, dtype] = a.result(x);
    y = Tensor::empty(shape, dtype, context);
    const auto plan = a.core()->plans().get(a.node(), x, &y, context);
    bytes = plan->bytes();
    flops = plan->flops();
  }
  void operator()(Context& context) const { a.apply(x, y, {}, context); }

  Linop a;
  Tensor x, y;
  double planning, bytes = 0, flops = 0;
};

// The record of `ready`, with the fraction of what copies of its planned bytes would take.
Record record_of(const char* name,
                 const Problem& problem,
                 const std::string& variant,
                 const Ready& ready,
                 std::vector<double> seconds,
                 Device device,
                 const Report& report) {
  Record r{name, problem.description(), variant, std::move(seconds), device};
  r.numbers = {
      {"planning_seconds", ready.planning}, {"bytes", ready.bytes}, {"flops", ready.flops}};
  if (const double copy = report.ceiling("copy_bytes_per_second"); copy > 0 && is_gpu(device))
    r.numbers["roofline"] = ready.bytes / copy / median(r.seconds);
  return r;
}

// The transform of so many images, forward or adjoint.
double transform(const Settings& settings,
                 const Problem& problem,
                 bool is_adjoint,
                 Context& host,
                 Context& context,
                 Report& report) {
  const Tensor k = trajectory(problem, host);
  const Linop f = nufft(problem, k.to(context.device, host), Toeplitz::never);
  const std::string coil = fmt::format("coil={} ", problem.coils);
  const std::string samples =
      fmt::format("{}spoke={} sample={}", coil, problem.spokes, problem.samples);
  const Ready ready(is_adjoint ? f.H() : f,
                    random(is_adjoint ? samples : coil + problem.text(), 1, context), context);
  const auto seconds = time_runs(settings, context, [&] { ready(context); });
  const char* name = is_adjoint ? "nufft_adjoint" : "nufft_forward";
  Record r = record_of(name, problem, is_gpu(context.device) ? "gpu" : "cpu", ready, seconds,
                       context.device, report);
  r.numbers["error"] = is_adjoint ? adjoint_error(problem, k, ready.x, ready.y, host)
                                  : forward_error(problem, k, ready.x, ready.y, host);
  r.reference = "direct sum in double at random places";
  report.add(r);
  return median(r.seconds);
}

// What stands before the first application: the points of a trajectory of the host moved, sorted
// and cut into runs, with the plans of the transform.
void planning(const Settings& settings,
              const Problem& problem,
              Context& host,
              Context& there,
              Report& report) {
  const Tensor k = trajectory(problem, host);
  NufftSpec spec;
  spec.image = problem.image;
  spec.points = problem.points();
  spec.coordinates = static_cast<const double*>(k.data());
  spec.tol = problem.tol;
  const auto seconds =
      time_runs(settings, there, [&] { there.backend().nufft(spec, *there.stream); });
  Record r{"nufft_planning", problem.description(), "sorted there", seconds, settings.device};
  const auto points = static_cast<double>(spec.points);
  const double rate = points / median(seconds);
  r.numbers = {{"points", points}, {"points_per_second", rate}};
  report.add(r);
  report.compare(
      fmt::format("NUFFT {}-D planned, {:.1e} points [1e6/s]", problem.image.size(), points),
      1e-6 * rate, "-");
}

}  // namespace

void copy_ceiling(const Settings& settings, Context& there, Report& report) {
  const int64_t bytes = settings.is_quick ? int64_t{1} << 16 : int64_t{1} << 30;
  const Tensor x = random(fmt::format("n={}", bytes / 8), 1, there);
  const Tensor y = Tensor::empty(x.shape(), DType::c64, there);
  const NativeStream& stream = NativeStream::compute(settings.device);
  const auto seconds = time_runs(
      settings, there, [&] { stream.copy(x.data(), y.data(), static_cast<size_t>(bytes)); });
  Record r{"copy", fmt::format("{{\"bytes\": {}}}", bytes), "device to device", seconds,
           settings.device};
  const double rate = 2 * static_cast<double>(bytes) / median(seconds);
  r.numbers = {{"bytes", 2 * static_cast<double>(bytes)}, {"bytes_per_second", rate}};
  report.set_ceiling("copy_bytes_per_second", rate);
  report.add(r);
}

void fft_ceilings(const Settings& settings, Context& there, Report& report) {
  struct Size {
    const char *name, *shape, *quick, *dims;
  };
  for (const Size& size :
       {Size{"512^2 x 8", "coil=8 y=512 x=512", "coil=2 y=16 x=16", "y x -> ky kx"},
        Size{"256^3", "z=256 y=256 x=256", "z=8 y=8 x=8", "z y x -> kz ky kx"},
        Size{"512^3", "z=512 y=512 x=512", "z=8 y=10 x=12", "z y x -> kz ky kx"}}) {
    const Tensor x = random(settings.is_quick ? size.quick : size.shape, 1, there);
    const Ready ready(FFT(size.dims), x, there);
    const auto seconds = time_runs(settings, there, [&] { ready(there); });
    Record r{"fft", fmt::format("{{\"extents\": \"{}\", \"dtype\": \"c64\"}}", x.shape().text()),
             "library call", seconds, settings.device};
    const double points = static_cast<double>(x.count());
    r.numbers = {{"bytes", 16 * points}, {"ns_per_point", 1e9 * median(seconds) / points}};
    // In one pass over memory.
    if (const double copy = report.ceiling("copy_bytes_per_second"); copy > 0)
      r.numbers["roofline"] = 16 * points / copy / median(seconds);
    report.set_ceiling(fmt::format("fft_{}_seconds", size.name), median(seconds));
    report.add(r);
  }
}

void nufft_cases(const Settings& settings, Context& host, Context& there, Report& report) {
  const Problem flat =
      settings.is_quick ? main_job(settings) : Problem{{256, 256}, 402, 512, 1, 1e-3};
  for (const Problem& base : {flat, cube(settings, 128, 16384, 1)}) {
    for (const bool is_adjoint : {false, true}) {
      std::map<int64_t, double> seconds;
      for (const int64_t coils : {1, 8, 32}) {
        Problem p = base;
        p.coils = settings.is_quick ? std::min<int64_t>(coils, 8) : coils;
        if (seconds.count(p.coils) != 0) continue;
        seconds[p.coils] = transform(settings, p, is_adjoint, host, there, report);
      }
      const auto& [coils, all] = *seconds.rbegin();
      report.compare(fmt::format("T20 {}-D {}: {} x one coil over {} coils", base.image.size(),
                                 is_adjoint ? "adjoint" : "forward", coils, coils),
                     static_cast<double>(coils) * seconds[1] / all, "1");
    }
  }
  const Problem large = cube(settings, 256, 65536, 1);
  for (const bool is_adjoint : {false, true}) {
    const double seconds = transform(settings, large, is_adjoint, host, there, report);
    report.compare(
        fmt::format("T21 256^3, 1.7e7 points, {} [ms]", is_adjoint ? "adjoint" : "forward"),
        1e3 * seconds, is_adjoint ? "25" : "15");
  }
  planning(settings, large, host, there, report);
  // T22 on the same problem, all threads of the host.
  Problem p = flat;
  p.coils = main_job(settings).coils;
  for (const bool is_adjoint : {false, true}) {
    const double gpu = transform(settings, p, is_adjoint, host, there, report);
    const double cpu = transform(settings, p, is_adjoint, host, host, report);
    report.compare(fmt::format("T22 NUFFT {}, host of {} threads over device",
                               is_adjoint ? "adjoint" : "forward", host.threads()),
                   cpu / gpu, "1");
  }
}

void normal_cases(const Settings& settings, Context& host, Context& there, Report& report) {
  const double copy = report.ceiling("copy_bytes_per_second");
  Problem wide = main_job(settings);
  wide.coils *= 4;
  bool is_first = true;
  for (const Problem& p :
       {main_job(settings), wide, cube(settings, 128, 16384, 8), cube(settings, 256, 65536, 32)}) {
    // Maps, samples of the pair, the kernel on twice the grid, workspace of a few coils.
    const double image = 8 * static_cast<double>(p.pixels());
    if (!fits(p, image * (3 * static_cast<double>(p.coils) + 40), settings)) continue;
    const Tensor k = trajectory(p, host).to(settings.device, host);
    const Tensor maps = coil_maps(p, there);
    const Linop a = sense(p, k, maps, Toeplitz::always);
    const Ready ready(a.N(), random(p.text(), 1, there), there);
    there.stream->wait();
    double start = now();
    ready(there);
    there.stream->wait();
    const double first = now() - start;
    start = now();
    ready(there);
    there.stream->wait();
    const double second = now() - start;
    const auto seconds = time_runs(settings, there, [&] { ready(there); });
    Record r = record_of("sense_normal", p, "toeplitz", ready, seconds, settings.device, report);
    const double passes = p.image.size() == 2 ? 15 : 33;
    const double floor = passes * image * static_cast<double>(p.coils);
    r.numbers["floor_bytes"] = floor;
    r.numbers["first_over_second"] = first / second;
    // The pair of transforms, each to the tolerance.
    const Linop pair = sense(p, k, maps, Toeplitz::never);
    r.numbers["error"] = difference(ready.y, pair.H()(pair(ready.x, there), there), host);
    r.reference = "A.H(A x) by gridding";
    report.add(r);
    const std::string what = fmt::format("{}-D {} coils", p.image.size(), p.coils);
    if (copy > 0)
      report.compare("T18 normal " + what + ", time over planned bytes / copy bandwidth",
                     median(seconds) * copy / ready.bytes, "1.5");
    report.compare("T19 normal " + what + ", planned bytes over the fused floor",
                   ready.bytes / floor, p.image.size() == 2 ? "-" : "4");
    if (is_first) report.compare("T23 first over second application", first / second, "1.5");
    is_first = false;
    if (p.pixels() * p.coils > int64_t{1} << 24) continue;
    const Ready on_host(a.to(Device::host(), host).N(), ready.x.to(Device::host(), host), host);
    const auto on_cpu = time_runs(settings, host, [&] { on_host(host); });
    Record c = record_of("sense_normal", p, "cpu", on_host, on_cpu, Device::host(), report);
    c.numbers["error"] = difference(on_host.y, ready.y, host);
    c.reference = "the GPU's result";
    report.add(c);
    report.compare(
        "T22 normal " + what + fmt::format(", host of {} threads over device", host.threads()),
        median(on_cpu) / median(seconds), "1");
  }
}

namespace {

// LUNOPS_CUDA_GRAPHS while it lives.
class GraphSwitch {
 public:
  explicit GraphSwitch(const char* value) {
    if (const char* text = std::getenv(kName); text != nullptr) before_ = text;
    setenv(kName, value, 1);
  }
  ~GraphSwitch() {
    if (before_.empty()) {
      unsetenv(kName);
    } else {
      setenv(kName, before_.c_str(), 1);
    }
  }
  GraphSwitch(const GraphSwitch&) = delete;

 private:
  static constexpr const char* kName = "LUNOPS_CUDA_GRAPHS";
  std::string before_;
};

// Iterations as one CUDA graph each beside kernel by kernel.
void graph_case(const Settings& settings,
                const Problem& p,
                const Linop& m,
                const Tensor& b,
                const CgOptions& options,
                Context& there,
                Report& report) {
  const auto solve = [&](const char* graphs, SolverInfo& info) {
    const GraphSwitch use(graphs);
    info = cg(m, b, there, options).second;
  };
  SolverInfo off, on;
  const auto [plain, graph] = time_pairs(
      settings, there, [&] { solve("0", off); }, [&] { solve("1", on); });
  std::vector<double> ratios;
  for (size_t i = 0; i < plain.size(); ++i) ratios.push_back(plain[i] / graph[i]);
  Record r{"cg_graph", p.description(), fmt::format("{} iterations", options.iters), graph,
           settings.device};
  r.numbers["ratio"] = median(ratios);
  r.numbers["graph_launches"] = on.graph_launches;
  r.numbers["error"] = std::abs(on.residual - off.residual);
  r.reference = "the residual without graphs";
  report.add(r);
  report.compare("CG-SENSE 2-D, kernel by kernel over CUDA graphs", median(ratios), "1");
}

}  // namespace

void solver_cases(const Settings& settings, Context& host, Context& there, Report& report) {
  CgOptions options;
  options.tol.reset();
  for (const Problem& p : {main_job(settings), cube(settings, 128, 16384, 8)}) {
    // The host would take most of the time that there is.
    options.iters = settings.is_quick ? 3 : p.image.size() == 2 ? 30 : 10;
    // Regularised: what rounding does to an image stays below what is compared.
    const Tensor k = trajectory(p, host).to(settings.device, host);
    const Linop m = sense(p, k, coil_maps(p, there), Toeplitz::always).N() + 0.1 * Identity();
    const Linop on_host = m.to(Device::host(), host);
    const Tensor b = random(p.text(), 2, there), host_b = b.to(Device::host(), host);
    Tensor x, host_x;
    const auto seconds = time_runs(settings, there, [&] { x = cg(m, b, there, options).first; });
    Settings few = settings;
    few.is_quick = settings.is_quick || p.image.size() > 2;
    const auto on_cpu =
        time_runs(few, host, [&] { host_x = cg(on_host, host_b, host, options).first; });
    Record r{"cg_sense", p.description(), fmt::format("{} iterations", options.iters), seconds,
             settings.device};
    r.numbers["error"] = difference(x, host_x, host);
    r.numbers["cpu_seconds"] = median(on_cpu);
    r.reference = "the host's result";
    report.add(r);
    if (p.image.size() == 2) graph_case(settings, p, m, b, options, there, report);
    report.compare(fmt::format("T22 CG-SENSE {}-D, host of {} threads over device", p.image.size(),
                               host.threads()),
                   median(on_cpu) / median(seconds), "1");
  }
}

void determinism_cases(const Settings& settings, Context& host, Context& there, Report& report) {
  const Problem p = main_job(settings);
  const Tensor k = trajectory(p, host).to(settings.device, host), maps = coil_maps(p, there);
  const Linop a = sense(p, k, maps, Toeplitz::never);
  const Linop n = sense(p, k, maps, Toeplitz::always).N();
  const Tensor image = random(p.text(), 1, there);
  const Tensor samples =
      random(fmt::format("coil={} spoke={} sample={}", p.coils, p.spokes, p.samples), 2, there);
  struct One {
    const char* name;
    const Linop& op;
    const Tensor& x;
  };
  const Linop adjoint = a.H();
  for (const One& one :
       {One{"forward", a, image}, One{"adjoint", adjoint, samples}, One{"normal", n, image}}) {
    PlanRequest request;
    request.input = one.x.shape();
    request.dtype = one.x.dtype();
    request.base = settings.device;
    request.determinism = Determinism{};
    const Ready plain(one.op, one.x, there);
    const Ready fixed(plan_operator(one.op, request, there).op, one.x, there);
    const auto [usual, same] = time_pairs(
        settings, there, [&] { plain(there); }, [&] { fixed(there); });
    std::vector<double> ratios;
    for (size_t i = 0; i < usual.size(); ++i) ratios.push_back(same[i] / usual[i]);
    Record r = record_of("deterministic", p, one.name, fixed, same, settings.device, report);
    r.numbers["ratio"] = median(ratios);
    r.numbers["error"] = difference(fixed.y, plain.y, host);
    r.reference = "the default plan";
    report.add(r);
    report.compare(fmt::format("T26 M1 {}, deterministic over default", one.name), median(ratios),
                   "2");
  }
}

}  // namespace lunops::bench
